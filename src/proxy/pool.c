/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What server_pool_next() says is done in one place, pump(), which is never entered twice: what
 * happens meanwhile is seen by the loop that is already running.  Memory of a connection is freed
 * in a later turn, since the functions above may still use it.
 */
#include "proxy/pool.h"

#include "base/memory.h"
#include "wire/backend.h"

enum {
    GREETING_MAX = 131072,
    IN_MAX = 256 * 1024, /* of a message that must be whole, and what came with it */
    STATEMENT_BYTES = 64 * 1024 * 1024,
    RETRY_BASE_MS = 50,
    RETRY_MAX_MS = 2000
};

static void pump(struct pool *pool);

static int64_t now_ms(const struct pool *pool)
{
    return clock_monotonic_ms(pool->group->cluster->options->clock);
}

static struct proxy_counters *counters(const struct pool *pool)
{
    return &pool->group->cluster->counters;
}

/* ---- Memory ------------------------------------------------------------ */

static void unlink_pooled(struct pooled *pooled)
{
    *(pooled->previous != NULL ? &pooled->previous->next : &pooled->pool->first) = pooled->next;
    if (pooled->next != NULL) {
        pooled->next->previous = pooled->previous;
    }
}

/* It leaves the accounting now, and the memory later. */
static void bury(struct pooled *pooled)
{
    struct pool *pool = pooled->pool;
    if (pooled->is_over) {
        return;
    }
    server_pool_gone(&pool->accounting, &pooled->accounting);
    unlink_pooled(pooled);
    pooled->is_over = true;
    pooled->next = pool->dead;
    pool->dead = pooled;
    pool_wake(pool, now_ms(pool));
}

static void free_dead(struct pool *pool)
{
    struct pooled **link = &pool->dead;
    while (*link != NULL) {
        struct pooled *pooled = *link;
        if (pooled->cancels > 0) {
            link = &pooled->next;
            continue;
        }
        *link = pooled->next;
        transaction_server_clear(&pooled->transaction);
        buf_clear(&pooled->in);
        mem_free(pooled);
    }
}

static void close_server(struct pooled *pooled)
{
    if (pooled->server != NULL) {
        server_close(pooled->server, false);
        pooled->server = NULL;
    }
}

/* ---- Events of a connection -------------------------------------------- */

static void idle_data(struct pooled *pooled, struct text bytes)
{
    size_t taken = 0;
    buf_add_text(&pooled->in, bytes);
    enum transaction_event event =
        transaction_idle_data(&pooled->transaction, buf_text(&pooled->in), &taken);
    buf_drop(&pooled->in, taken);
    if (event != TRANSACTION_MORE || !buf_ok(&pooled->in)) {
        close_server(pooled);
        bury(pooled);
        pump(pooled->pool);
    }
}

static void on_data(void *arg, struct text bytes)
{
    struct pooled *pooled = arg;
    if (pooled->is_over || pooled->server == NULL) {
        return;
    }
    if (pooled->events != NULL) {
        pooled->events->on_data(pooled->arg, bytes);
    } else {
        idle_data(pooled, bytes);
    }
}

static void on_end(void *arg)
{
    struct pooled *pooled = arg;
    close_server(pooled);
    if (pooled->events != NULL) {
        pooled->events->on_end(pooled->arg);
    } else {
        bury(pooled);
        pump(pooled->pool);
    }
}

static void on_drain(void *arg)
{
    struct pooled *pooled = arg;
    if (pooled->events != NULL) {
        pooled->events->on_drain(pooled->arg);
    }
}

static const struct server_events server_events = {
    .on_data = on_data, .on_end = on_end, .on_drain = on_drain};

/* ---- Opening ----------------------------------------------------------- */

/* False: no memory. */
static bool read_greeting(struct pool *pool, struct pooled *pooled)
{
    struct text rest = buf_text(&pooled->server->login.greeting);
    struct frame message;
    bool is_fine = true;
    if (pool->greeting.len == 0) {
        buf_add_text(&pool->greeting, rest);
        is_fine = buf_ok(&pool->greeting);
    }
    while (is_fine && frame_next(rest, GREETING_MAX, &message) == FRAME_COMPLETE) {
        struct text name;
        struct text value;
        if (message.type == BACKEND_PARAMETER_STATUS &&
            backend_parse_parameter(message.body, &name, &value)) {
            is_fine = server_parameters_login(&pooled->transaction.parameters,
                                              &pool->transactions.defaults, name, value);
        }
        rest = text_slice(rest, message.size, rest.len);
    }
    return is_fine;
}

static void on_server(void *arg, struct server *server)
{
    struct pooled *pooled = arg;
    struct pool *pool = pooled->pool;
    pooled->server = server;
    if (!read_greeting(pool, pooled)) {
        close_server(pooled);
        bury(pooled);
        return;
    }
    server_pool_opened(&pool->accounting, &pooled->accounting, now_ms(pool));
    server_give(server, &server_events, pooled);
    server_begin(server);
    pump(pool);
}

/* The oldest that waits gets the error: each has caused a connect. */
static void on_failed(void *arg, const struct server_failure *failure)
{
    struct pooled *pooled = arg;
    struct pool *pool = pooled->pool;
    bury(pooled);
    struct pool_request *request = (struct pool_request *)pool->accounting.first;
    if (request != NULL) {
        server_pool_leave(&pool->accounting, &request->waiter);
        counters(pool)->clients_waiting--;
        request->events->on_failed(request->arg, failure);
    }
    pump(pool);
}

/* False: it cannot be done now.  What is only to be kept ready takes no place from who waits. */
static bool open_another(struct pool *pool)
{
    bool is_wanted_now = pool->accounting.waiting > pool->accounting.connecting;
    struct pooled *pooled =
        !is_wanted_now && cluster_is_full(pool->group->cluster) ? NULL : mem_new(sizeof *pooled);
    if (pooled == NULL) {
        return false;
    }
    pooled->pool = pool;
    transaction_server_init(&pooled->transaction, &pool->transactions);
    buf_init(&pooled->in, IN_MAX);
    pooled->next = pool->first;
    if (pool->first != NULL) {
        pool->first->previous = pooled;
    }
    pool->first = pooled;
    server_pool_open(&pool->accounting, &pooled->accounting);
    pooled->request = (struct server_request){.on_server = on_server,
                                              .on_failed = on_failed,
                                              .arg = pooled,
                                              .action = pool->action,
                                              .startup = buf_text(&pool->startup)};
    cluster_request(pool->group->cluster, &pooled->request);
    return true;
}

/* ---- Doing what the accounting says ----------------------------------------- */

static void lend(struct pool *pool, const struct server_pool_step *step)
{
    struct pooled *pooled = (struct pooled *)step->server;
    struct pool_request *request = (struct pool_request *)step->waiter;
    counters(pool)->clients_waiting--;
    counters(pool)->servers_active++;
    pooled->events = request->events;
    pooled->arg = request->arg;
    request->events->on_lent(request->arg, pooled, step->is_unchecked);
}

static void expire(struct pool *pool, struct pool_request *request)
{
    counters(pool)->clients_waiting--;
    counters(pool)->clients_timed_out++;
    request->events->on_expired(request->arg);
}

static void close_idle(struct pool *pool, struct pooled *pooled)
{
    counters(pool)->rollovers += pooled->accounting.expires_ms <= now_ms(pool) ? 1 : 0;
    if (pooled->server != NULL) {
        server_close(pooled->server, true);
        pooled->server = NULL;
    }
    bury(pooled);
}

/* False: nothing more can be done now. */
static bool do_step(struct pool *pool, const struct server_pool_step *step)
{
    switch (step->action) {
    case SERVER_POOL_LEND:
        lend(pool, step);
        return true;
    case SERVER_POOL_OPEN:
        return open_another(pool);
    case SERVER_POOL_CLOSE:
        close_idle(pool, (struct pooled *)step->server);
        return true;
    case SERVER_POOL_EXPIRE:
        expire(pool, (struct pool_request *)step->waiter);
        return true;
    case SERVER_POOL_NOTHING:
        break;
    }
    return false;
}

static void take(uint64_t *from, uint64_t *to)
{
    *to += *from;
    *from = 0;
}

static void count(struct pool *pool)
{
    struct proxy_counters *shown = counters(pool);
    struct transaction_pool *made = &pool->transactions;
    shown->servers_idle += pool->accounting.idle - pool->shown_idle;
    pool->shown_idle = pool->accounting.idle;
    take(&made->conflicts_data, &shown->conflicts_data);
    take(&made->conflicts_schema, &shown->conflicts_schema);
    take(&made->retries_succeeded, &shown->retries[PROXY_RETRY_SUCCEEDED]);
    take(&made->retries_gave_up, &shown->retries[PROXY_RETRY_GAVE_UP]);
    take(&made->retries_not_allowed, &shown->retries[PROXY_RETRY_NOT_ALLOWED]);
}

static void pump(struct pool *pool)
{
    if (pool->is_pumping) {
        return;
    }
    pool->is_pumping = true;
    struct server_pool_step step;
    do {
        step = server_pool_next(&pool->accounting, now_ms(pool));
    } while (do_step(pool, &step));
    pool->is_pumping = false;
    count(pool);
    pool->group->on_change(pool->group);
    pool_wake(pool, server_pool_wake_ms(&pool->accounting, now_ms(pool)));
}

/* ---- The timer --------------------------------------------------------- */

static void on_timer(uv_timer_t *timer)
{
    struct pool *pool = timer->data;
    pool->timer_ms = INT64_MAX;
    free_dead(pool);
    pump(pool);
}

/* An earlier alarm stays: it looks when the next one is due. */
void pool_wake(struct pool *pool, int64_t at_ms)
{
    if (at_ms >= pool->timer_ms || pool->group->is_closing) {
        return;
    }
    int64_t wait_ms = at_ms - now_ms(pool);
    pool->timer_ms = at_ms;
    uv_timer_start(&pool->timer, on_timer, (uint64_t)(wait_ms > 0 ? wait_ms : 0), 0);
}

/* ---- For those who ask ------------------------------------------------- */

struct text pool_greeting(const struct pool *pool)
{
    return buf_text(&pool->greeting);
}

struct transaction_pool *pool_transactions(struct pool *pool)
{
    return &pool->transactions;
}

void pool_request(struct pool *pool, struct pool_request *request, int64_t deadline_ms)
{
    server_pool_wait(&pool->accounting, &request->waiter, deadline_ms);
    counters(pool)->clients_waiting++;
    pump(pool);
}

void pool_withdraw(struct pool *pool, struct pool_request *request)
{
    if (request->waiter.is_waiting) {
        server_pool_leave(&pool->accounting, &request->waiter);
        counters(pool)->clients_waiting--;
    }
}

/* While a cancel request is on its way, nobody else may get the connection. */
void pool_return(struct pooled *pooled, bool is_usable)
{
    struct pool *pool = pooled->pool;
    pooled->events = NULL;
    pooled->arg = NULL;
    counters(pool)->servers_active--;
    if (!is_usable || pooled->server == NULL) {
        close_server(pooled);
        bury(pooled);
    } else if (pooled->cancels > 0) {
        pooled->is_returning = true;
    } else {
        server_pool_return(&pool->accounting, &pooled->accounting, true, now_ms(pool));
    }
    pump(pool);
}

void pool_retire(struct pooled *pooled)
{
    struct server *server = pooled->server;
    pooled->server = NULL;
    if (server != NULL) {
        server_close(server, true);
    }
    pool_return(pooled, false);
}

void pooled_hold(struct pooled *pooled)
{
    pooled->cancels++;
}

void pooled_unhold(struct pooled *pooled)
{
    pooled->cancels--;
    if (pooled->cancels > 0) {
        return;
    }
    if (pooled->is_over) {
        pool_wake(pooled->pool, now_ms(pooled->pool));
    } else if (pooled->is_returning) {
        pooled->is_returning = false;
        server_pool_return(&pooled->pool->accounting, &pooled->accounting, true,
                           now_ms(pooled->pool));
        pump(pooled->pool);
    }
}

bool pool_reclaim(struct pool *pool)
{
    struct pooled *pooled = (struct pooled *)server_pool_reclaim(&pool->accounting);
    if (pooled != NULL) {
        close_idle(pool, pooled);
        count(pool);
    }
    return pooled != NULL;
}

/* ---- Beginning and end ------------------------------------------------- */

struct pool *pool_new(struct pool_group *group, struct text startup, enum token_action action,
                      const struct server_pool_limits *limits)
{
    uint64_t secret = 0;
    const struct retry_limits retries = {.retries = group->cluster->options->retries,
                                         .base_ms = RETRY_BASE_MS,
                                         .max_ms = RETRY_MAX_MS,
                                         .random = limits->random};
    struct pool *pool = mem_new(sizeof *pool);
    if (pool == NULL || !random_bytes(&secret, sizeof secret)) {
        mem_free(pool);
        return NULL;
    }
    pool->group = group;
    pool->action = action;
    pool->timer_ms = INT64_MAX;
    buf_init(&pool->startup, STARTUP_MAX_SIZE);
    buf_add_text(&pool->startup, startup);
    buf_init(&pool->greeting, GREETING_MAX);
    server_pool_init(&pool->accounting, limits);
    transaction_pool_init(&pool->transactions, &retries, STATEMENT_BYTES, secret);
    uv_timer_init(group->loop, &pool->timer); /* always 0 */
    pool->timer.data = pool;
    return pool;
}

static void on_timer_closed(uv_handle_t *handle)
{
    const struct pool *pool = handle->data;
    pool->group->on_closed(pool->group);
}

void pool_close(struct pool *pool)
{
    pool->accounting.is_closing = true;
    while (pool->first != NULL) {
        struct pooled *pooled = pool->first;
        cluster_withdraw(&pooled->request);
        close_idle(pool, pooled);
    }
    count(pool);
    uv_close((uv_handle_t *)&pool->timer, on_timer_closed);
}

void pool_free(struct pool *pool)
{
    free_dead(pool);
    transaction_pool_clear(&pool->transactions);
    buf_clear(&pool->startup);
    buf_clear(&pool->greeting);
    mem_free(pool);
}
