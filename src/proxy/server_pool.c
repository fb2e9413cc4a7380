/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Idle connections are in a list by their last use, which is also the order in which they are
 * closed for idleness.  Expiry has another order; but there are at most as many as the limit, and a
 * connection is found when it is looked at.
 */
#include "proxy/server_pool.h"

#include <assert.h>

void server_pool_init(struct server_pool *pool, const struct server_pool_limits *limits)
{
    *pool = (struct server_pool){
        .limits = *limits, .next_deadline_ms = INT64_MAX, .next_expiry_ms = INT64_MAX};
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- Lists and counts ---- */

static size_t *count_of(struct server_pool *pool, enum pooled_server_state state)
{
    switch (state) {
    case POOLED_CONNECTING:
        return &pool->connecting;
    case POOLED_IDLE:
        return &pool->idle;
    case POOLED_LENT:
        return &pool->lent;
    case POOLED_CLOSING:
        return &pool->closing;
    case POOLED_NONE:
        break;
    }
    return NULL;
}

static void leave_idle(struct server_pool *pool, struct pooled_server *server)
{
    *(server->older != NULL ? &server->older->newer : &pool->oldest) = server->newer;
    *(server->newer != NULL ? &server->newer->older : &pool->newest) = server->older;
    server->older = NULL;
    server->newer = NULL;
}

static void enter_idle(struct server_pool *pool, struct pooled_server *server)
{
    server->older = pool->newest;
    *(server->older != NULL ? &server->older->newer : &pool->oldest) = server;
    pool->newest = server;
    pool->next_expiry_ms = earlier(pool->next_expiry_ms, server->expires_ms);
}

/* The only place that changes a state. */
static void set_state(struct server_pool *pool, struct pooled_server *server,
                      enum pooled_server_state state)
{
    size_t *before = count_of(pool, server->state);
    if (server->state == POOLED_IDLE) {
        leave_idle(pool, server);
    }
    if (before != NULL) {
        (*before)--;
    }
    server->state = state;
    size_t *after = count_of(pool, state);
    if (after != NULL) {
        (*after)++;
    }
    if (state == POOLED_IDLE) {
        enter_idle(pool, server);
    }
}

/* ---- Clients that wait ---- */

void server_pool_wait(struct server_pool *pool, struct pool_waiter *waiter, int64_t deadline_ms)
{
    assert(!waiter->is_waiting);
    *waiter = (struct pool_waiter){
        .is_waiting = true, .deadline_ms = deadline_ms, .previous = pool->last};
    *(pool->last != NULL ? &pool->last->next : &pool->first) = waiter;
    pool->last = waiter;
    pool->waiting++;
    pool->next_deadline_ms = earlier(pool->next_deadline_ms, deadline_ms);
}

void server_pool_leave(struct server_pool *pool, struct pool_waiter *waiter)
{
    if (!waiter->is_waiting) {
        return;
    }
    *(waiter->previous != NULL ? &waiter->previous->next : &pool->first) = waiter->next;
    *(waiter->next != NULL ? &waiter->next->previous : &pool->last) = waiter->previous;
    *waiter = (struct pool_waiter){0};
    pool->waiting--;
}

/* ---- Connections ---- */

void server_pool_open(struct server_pool *pool, struct pooled_server *server)
{
    assert(server->state == POOLED_NONE);
    set_state(pool, server, POOLED_CONNECTING);
}

/* Those that were opened together do not expire together. */
void server_pool_opened(struct server_pool *pool, struct pooled_server *server, int64_t now_ms)
{
    assert(server->state == POOLED_CONNECTING);
    int64_t jitter_ms = random_up_to(pool->limits.random, pool->limits.lifetime_ms / 10);
    server->expires_ms = now_ms + pool->limits.lifetime_ms - jitter_ms;
    server->idle_since_ms = now_ms;
    pool->has_failed = false;
    set_state(pool, server, POOLED_IDLE);
}

void server_pool_return(struct server_pool *pool, struct pooled_server *server, bool is_usable,
                        int64_t now_ms)
{
    assert(server->state == POOLED_LENT);
    server->idle_since_ms = now_ms;
    if (!is_usable) {
        server->expires_ms = now_ms;
    }
    set_state(pool, server, POOLED_IDLE);
}

void server_pool_gone(struct server_pool *pool, struct pooled_server *server)
{
    pool->has_failed |= server->state == POOLED_CONNECTING;
    set_state(pool, server, POOLED_NONE);
}

struct pooled_server *server_pool_reclaim(struct server_pool *pool)
{
    struct pooled_server *server = pool->oldest;
    if (server != NULL) {
        set_state(pool, server, POOLED_CLOSING);
    }
    return server;
}

/* ---- What is to be done ---- */

static size_t total(const struct server_pool *pool)
{
    return pool->connecting + pool->idle + pool->lent + pool->closing;
}

static bool is_expired(const struct server_pool *pool, const struct pooled_server *server,
                       int64_t now_ms)
{
    return pool->is_closing || server->expires_ms <= now_ms;
}

/* Looks at all only when the time has come for one of them. */
static struct pooled_server *find_expired(struct server_pool *pool, int64_t now_ms)
{
    if (!pool->is_closing && now_ms < pool->next_expiry_ms) {
        return NULL;
    }
    pool->next_expiry_ms = INT64_MAX;
    for (struct pooled_server *it = pool->oldest; it != NULL; it = it->newer) {
        if (is_expired(pool, it, now_ms)) {
            pool->next_expiry_ms = now_ms; /* there may be more */
            return it;
        }
        pool->next_expiry_ms = earlier(pool->next_expiry_ms, it->expires_ms);
    }
    return NULL;
}

/* The one to be closed; NULL: none. */
static struct pooled_server *find_superfluous(struct server_pool *pool, int64_t now_ms)
{
    struct pooled_server *expired = find_expired(pool, now_ms);
    if (expired != NULL) {
        return expired;
    }
    struct pooled_server *oldest = pool->oldest;
    bool is_idle_long = oldest != NULL && pool->idle > pool->limits.min_idle &&
                        oldest->idle_since_ms + pool->limits.idle_ms <= now_ms;
    return is_idle_long ? oldest : NULL;
}

static struct pool_waiter *find_late(struct server_pool *pool, int64_t now_ms)
{
    if (now_ms < pool->next_deadline_ms) {
        return NULL;
    }
    pool->next_deadline_ms = INT64_MAX;
    for (struct pool_waiter *it = pool->first; it != NULL; it = it->next) {
        if (it->deadline_ms <= now_ms) {
            pool->next_deadline_ms = now_ms; /* there may be more */
            return it;
        }
        pool->next_deadline_ms = earlier(pool->next_deadline_ms, it->deadline_ms);
    }
    return NULL;
}

/* Those that have little left to live are replaced ahead, so they are not counted. */
static size_t count_ready(const struct server_pool *pool, int64_t now_ms)
{
    size_t count = 0;
    for (const struct pooled_server *it = pool->newest; it != NULL && count < pool->limits.min_idle;
         it = it->older) {
        count += it->expires_ms - now_ms > pool->limits.replace_ahead_ms ? 1 : 0;
    }
    return count;
}

/* One for each client that waits; then those that are kept ready. */
static bool wants_another(const struct server_pool *pool, int64_t now_ms)
{
    if (pool->is_closing || total(pool) >= pool->limits.max) {
        return false;
    }
    if (pool->waiting > pool->connecting) {
        return true;
    }
    size_t coming = pool->connecting - pool->waiting;
    return !pool->has_failed && count_ready(pool, now_ms) + coming < pool->limits.min_idle;
}

static struct server_pool_step lend(struct server_pool *pool, int64_t now_ms)
{
    struct pooled_server *server = pool->newest;
    struct server_pool_step step = {.action = SERVER_POOL_LEND,
                                    .server = server,
                                    .waiter = pool->first,
                                    .is_unchecked = now_ms - server->idle_since_ms >=
                                                    pool->limits.check_idle_ms};
    server_pool_leave(pool, pool->first);
    set_state(pool, server, POOLED_LENT);
    return step;
}

/* What is late or expired goes first, so that neither is used. */
struct server_pool_step server_pool_next(struct server_pool *pool, int64_t now_ms)
{
    struct pooled_server *superfluous = find_superfluous(pool, now_ms);
    if (superfluous != NULL) {
        set_state(pool, superfluous, POOLED_CLOSING);
        return (struct server_pool_step){.action = SERVER_POOL_CLOSE, .server = superfluous};
    }
    struct pool_waiter *late = find_late(pool, now_ms);
    if (late != NULL) {
        server_pool_leave(pool, late);
        return (struct server_pool_step){.action = SERVER_POOL_EXPIRE, .waiter = late};
    }
    if (pool->first != NULL && pool->newest != NULL) {
        return lend(pool, now_ms);
    }
    if (wants_another(pool, now_ms)) {
        return (struct server_pool_step){.action = SERVER_POOL_OPEN};
    }
    return (struct server_pool_step){.action = SERVER_POOL_NOTHING};
}

int64_t server_pool_wake_ms(const struct server_pool *pool, int64_t now_ms)
{
    int64_t wake_ms = earlier(pool->next_deadline_ms, pool->next_expiry_ms);
    if (pool->next_expiry_ms != INT64_MAX && pool->limits.min_idle > 0) {
        int64_t replace_ms = pool->next_expiry_ms - pool->limits.replace_ahead_ms;
        wake_ms = earlier(wake_ms, replace_ms > now_ms ? replace_ms : wake_ms);
    }
    if (pool->oldest != NULL && pool->idle > pool->limits.min_idle) {
        wake_ms = earlier(wake_ms, pool->oldest->idle_since_ms + pool->limits.idle_ms);
    }
    return wake_ms;
}
