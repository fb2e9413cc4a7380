/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/pools.h"

#include "base/memory.h"
#include "base/random.h"

enum {
    MIN_IDLE = 1,
    IDLE_MS = 600000,
    CHECK_IDLE_MS = 30000,
    REPLACE_AHEAD_MS = 30000,
    RECLAIM_MS = 50,
    SECOND_MS = 1000
};

struct pools {
    struct pool_group group; /* the first, see pools_of() */
    struct pool *first;
    size_t count;
    int64_t reclaimed_ms; /* monotonic: when one pool last gave a connection up for another */
    int open_handles;
    void (*on_closed)(void *arg);
    void *arg;
};

static struct pools *pools_of(struct pool_group *group)
{
    return (struct pools *)group;
}

/* ---- Sharing ----------------------------------------------------------- */

static struct pool *find_waiting(const struct pools *pools)
{
    struct pool *pool = pools->first;
    while (pool != NULL && pool->accounting.waiting == 0) {
        pool = pool->next;
    }
    return pool;
}

/* Of another pool than the one that waits, which is NULL if it is somebody else. */
static bool reclaim(const struct pools *pools, const struct pool *waiting)
{
    bool is_done = false;
    for (struct pool *it = pools->first; it != NULL && !is_done; it = it->next) {
        is_done = it != waiting && pool_reclaim(it);
    }
    return is_done;
}

/*
 * If there can be no more connections, and somebody waits in one pool or in the queue of the
 * cluster, another pool may have some to spare.  It takes a while until the place is free, so this
 * is not done at every opportunity.
 */
static void balance(struct pools *pools)
{
    const struct cluster *cluster = pools->group.cluster;
    struct pool *waiting = cluster_is_full(cluster) ? find_waiting(pools) : NULL;
    bool has_queue = cluster_is_full(cluster) && cluster->oldest != NULL;
    int64_t at_ms = clock_monotonic_ms(cluster->options->clock);
    if (waiting != NULL) {
        pool_wake(waiting, at_ms + RECLAIM_MS);
    }
    if ((waiting == NULL && !has_queue) || at_ms < pools->reclaimed_ms + RECLAIM_MS) {
        return;
    }
    if (reclaim(pools, waiting)) {
        pools->reclaimed_ms = at_ms;
    }
}

static void on_change(struct pool_group *group)
{
    balance(pools_of(group));
}

void pools_make_room(struct pools *pools)
{
    balance(pools);
}

/* ---- Pools ------------------------------------------------------------- */

static void maybe_closed(struct pools *pools)
{
    if (pools->open_handles == 0) {
        pools->on_closed(pools->arg);
    }
}

static void on_pool_closed(struct pool_group *group)
{
    struct pools *pools = pools_of(group);
    pools->open_handles--;
    maybe_closed(pools);
}

struct pools *pools_new(struct cluster *cluster, uv_loop_t *loop)
{
    struct pools *pools = mem_new(sizeof *pools);
    if (pools != NULL) {
        pools->group = (struct pool_group){
            .cluster = cluster, .loop = loop, .on_change = on_change, .on_closed = on_pool_closed};
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
                text_of(pools->group.cluster->options->application_name));
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
    const struct server_pool_limits limits = limits_of(pools->group.cluster);
    struct pool *pool = pool_new(&pools->group, buf_text(startup), action, &limits);
    if (pool != NULL) {
        pools->open_handles++;
        pool->next = pools->first;
        pools->first = pool;
        pools->count++;
    }
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

void pools_close(struct pools *pools, void (*on_closed)(void *arg), void *arg)
{
    pools->group.is_closing = true;
    pools->on_closed = on_closed;
    pools->arg = arg;
    pools->open_handles++; /* so that on_closed is not called before all have begun */
    for (struct pool *pool = pools->first; pool != NULL; pool = pool->next) {
        pool_close(pool);
    }
    pools->open_handles--;
    maybe_closed(pools);
}

void pools_free(struct pools *pools)
{
    while (pools != NULL && pools->first != NULL) {
        struct pool *pool = pools->first;
        pools->first = pool->next;
        pool_free(pool);
    }
    mem_free(pools);
}
