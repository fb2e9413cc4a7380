/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What server_pool_next() says is done in one place, pump(), which is never entered twice: what
 * happens meanwhile is seen by the loop that is already running.  Memory of a connection is freed
 * in a later turn, since the functions above may still use it.
 */
#include "proxy/pools.h"

#include "base/memory.h"
#include "base/random.h"
#include "wire/backend.h"

enum {
    GREETING_MAX = 131072,
    IN_MAX = 256 * 1024, /* of a message that must be whole, and what came with it */
    MIN_IDLE = 1,
    IDLE_MS = 600000,
    CHECK_IDLE_MS = 30000,
    REPLACE_AHEAD_MS = 30000,
    STATEMENT_BYTES = 64 * 1024 * 1024,
    RECLAIM_MS = 50,
    RETRY_BASE_MS = 50,
    RETRY_MAX_MS = 2000,
    SECOND_MS = 1000
};

struct pool {
    struct pools *pools;
    struct pool *next;
    struct server_pool accounting;
    struct transaction_pool transactions;
    struct buf startup; /* its key, and what its connections begin with */
    struct buf greeting;
    enum token_action action;
    struct pooled *first;
    struct pooled *dead;
    uv_timer_t timer;
    int64_t timer_ms;  /* when it fires; INT64_MAX: it does not */
    size_t shown_idle; /* as the counters have it */
    bool is_pumping;
};

struct pools {
    struct cluster *cluster;
    uv_loop_t *loop;
    struct pool *first;
    size_t count;
    int64_t reclaimed_ms; /* monotonic: when one pool last gave a connection up for another */
    int open_handles;
    bool is_closing;
    void (*on_closed)(void *arg);
    void *arg;
};

static void pump(struct pool *pool);

static int64_t now_ms(const struct pool *pool)
{
    return clock_monotonic_ms(pool->pools->cluster->options->clock);
}

static struct proxy_counters *counters(const struct pool *pool)
{
    return &pool->pools->cluster->counters;
}

/* ---- Memory ------------------------------------------------------------ */

static void unlink_pooled(struct pooled *pooled)
{
    *(pooled->previous != NULL ? &pooled->previous->next : &pooled->pool->first) = pooled->next;
    if (pooled->next != NULL) {
        pooled->next->previous = pooled->previous;
    }
}

static void arm(struct pool *pool, int64_t at_ms);

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
    arm(pool, now_ms(pool));
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

static bool is_full(const struct pools *pools)
{
    return pools->cluster->server_count >= pools->cluster->max_servers;
}

/* False: it cannot be done now.  What is only to be kept ready takes no place from who waits. */
static bool open_another(struct pool *pool)
{
    bool is_wanted_now = pool->accounting.waiting > pool->accounting.connecting;
    struct pooled *pooled = !is_wanted_now && is_full(pool->pools) ? NULL : mem_new(sizeof *pooled);
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
    cluster_request(pool->pools->cluster, &pooled->request);
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

static struct pool *find_waiting(const struct pools *pools)
{
    struct pool *pool = pools->first;
    while (pool != NULL && pool->accounting.waiting == 0) {
        pool = pool->next;
    }
    return pool;
}

/* Of another pool than the one that waits, which is NULL if it is somebody else. */
static struct pooled *find_spare(const struct pools *pools, const struct pool *waiting)
{
    struct pooled *pooled = NULL;
    for (struct pool *it = pools->first; it != NULL && pooled == NULL; it = it->next) {
        pooled = it == waiting ? NULL : (struct pooled *)server_pool_reclaim(&it->accounting);
    }
    return pooled;
}

/*
 * If there can be no more connections, and somebody waits in one pool or in the queue of the
 * cluster, another pool may have some to spare.  It takes a while until the place is free, so this
 * is not done at every opportunity.
 */
static void balance(struct pools *pools)
{
    struct pool *waiting = is_full(pools) ? find_waiting(pools) : NULL;
    bool has_queue = is_full(pools) && pools->cluster->oldest != NULL;
    int64_t at_ms = clock_monotonic_ms(pools->cluster->options->clock);
    if (waiting != NULL) {
        arm(waiting, at_ms + RECLAIM_MS);
    }
    if ((waiting == NULL && !has_queue) || at_ms < pools->reclaimed_ms + RECLAIM_MS) {
        return;
    }
    struct pooled *pooled = find_spare(pools, waiting);
    if (pooled != NULL) {
        pools->reclaimed_ms = at_ms;
        close_idle(pooled->pool, pooled);
        count(pooled->pool);
    }
}

void pools_make_room(struct pools *pools)
{
    balance(pools);
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
    balance(pool->pools);
    arm(pool, server_pool_wake_ms(&pool->accounting, now_ms(pool)));
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
static void arm(struct pool *pool, int64_t at_ms)
{
    if (at_ms >= pool->timer_ms || pool->pools->is_closing) {
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
        arm(pooled->pool, now_ms(pooled->pool));
    } else if (pooled->is_returning) {
        pooled->is_returning = false;
        server_pool_return(&pooled->pool->accounting, &pooled->accounting, true,
                           now_ms(pooled->pool));
        pump(pooled->pool);
    }
}

/* ---- Pools ------------------------------------------------------------- */

struct pools *pools_new(struct cluster *cluster, uv_loop_t *loop)
{
    struct pools *pools = mem_new(sizeof *pools);
    if (pools != NULL) {
        pools->cluster = cluster;
        pools->loop = loop;
    }
    return pools;
}

/* Nothing of a client is in it, so it can serve any. */
static bool write_startup(const struct pools *pools, struct text user, struct text database,
                          struct buf *out)
{
    startup_begin(out);
    startup_add(out, text_of("user"), user);
    startup_add(out, text_of("database"), database);
    startup_add(out, text_of("application_name"),
                text_of(pools->cluster->options->application_name));
    startup_end(out);
    return buf_ok(out);
}

/* A session has its connection to itself, and the next one gets a fresh one. */
static size_t min_idle(const struct cluster *cluster)
{
    int option = cluster->own->min_idle;
    if (cluster->options->pool_mode == PROXY_POOL_SESSION || option < 0) {
        return 0;
    }
    return option == 0 ? MIN_IDLE : (size_t)option;
}

static struct server_pool_limits limits_of(const struct cluster *cluster)
{
    return (struct server_pool_limits){
        .max = (size_t)cluster->max_servers,
        .min_idle = min_idle(cluster),
        .lifetime_ms = (int64_t)cluster->options->lifetime_s * SECOND_MS,
        .idle_ms = IDLE_MS,
        .check_idle_ms = CHECK_IDLE_MS,
        .replace_ahead_ms = cluster->options->lifetime_s > 2 * REPLACE_AHEAD_MS / SECOND_MS
                                ? REPLACE_AHEAD_MS
                                : SECOND_MS,
        .random = random_system()};
}

static struct pool *add_pool(struct pools *pools, const struct buf *startup,
                             enum token_action action)
{
    uint64_t secret = 0;
    const struct proxy_options *options = pools->cluster->options;
    const struct server_pool_limits limits = limits_of(pools->cluster);
    const struct retry_limits retries = {.retries = options->retries,
                                         .base_ms = RETRY_BASE_MS,
                                         .max_ms = RETRY_MAX_MS,
                                         .random = random_system()};
    struct pool *pool = mem_new(sizeof *pool);
    if (pool == NULL || !random_bytes(&secret, sizeof secret)) {
        mem_free(pool);
        return NULL;
    }
    pool->pools = pools;
    pool->action = action;
    pool->timer_ms = INT64_MAX;
    buf_init(&pool->startup, STARTUP_MAX_SIZE);
    buf_add_text(&pool->startup, buf_text(startup));
    buf_init(&pool->greeting, GREETING_MAX);
    server_pool_init(&pool->accounting, &limits);
    transaction_pool_init(&pool->transactions, &retries, STATEMENT_BYTES, secret);
    uv_timer_init(pools->loop, &pool->timer); /* always 0 */
    pool->timer.data = pool;
    pools->open_handles++;
    pool->next = pools->first;
    pools->first = pool;
    pools->count++;
    return pool;
}

struct pool *pools_find(struct pools *pools, struct text user, struct text database,
                        enum token_action action)
{
    struct buf startup AUTO_BUF;
    buf_init(&startup, STARTUP_MAX_SIZE);
    if (!write_startup(pools, user, database, &startup)) {
        return NULL;
    }
    for (struct pool *pool = pools->first; pool != NULL; pool = pool->next) {
        if (text_equal(buf_text(&pool->startup), buf_text(&startup))) {
            return pool;
        }
    }
    return pools->count < POOLS_MAX ? add_pool(pools, &startup, action) : NULL;
}

/* ---- The end ----------------------------------------------------------- */

static void maybe_closed(struct pools *pools)
{
    if (pools->open_handles == 0) {
        pools->on_closed(pools->arg);
    }
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct pool *pool = handle->data;
    pool->pools->open_handles--;
    maybe_closed(pool->pools);
}

static void close_pool(struct pool *pool)
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

void pools_close(struct pools *pools, void (*on_closed)(void *arg), void *arg)
{
    pools->is_closing = true;
    pools->on_closed = on_closed;
    pools->arg = arg;
    pools->open_handles++; /* so that on_closed is not called before all have begun */
    for (struct pool *pool = pools->first; pool != NULL; pool = pool->next) {
        close_pool(pool);
    }
    pools->open_handles--;
    maybe_closed(pools);
}

void pools_free(struct pools *pools)
{
    while (pools != NULL && pools->first != NULL) {
        struct pool *pool = pools->first;
        pools->first = pool->next;
        free_dead(pool);
        transaction_pool_clear(&pool->transactions);
        buf_clear(&pool->startup);
        buf_clear(&pool->greeting);
        mem_free(pool);
    }
    mem_free(pools);
}
