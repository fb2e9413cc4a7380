/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The handlers of pool_fork.h and the adoption that follows in the child.  The functions called
 * at the fork may not allocate or free memory and may take no other lock, because another thread
 * of the parent may have been in the middle of either.  Everything that needs memory is put off
 * to pool_fork_adopt().
 *
 * Lock order: the registry's lock in base/fork.c, then pool->lock.  So pool_fork_register() and
 * pool_fork_unregister() are never called with pool->lock held.
 */
#include "pool/pool_fork.h"

#include "base/condition.h"
#include "connect/connection.h"
#include "connect/connection_events.h"
#include "pool/maintenance.h"

#include <errno.h>

/*
 * ---- At the fork ----
 *
 * The lock is held across the fork, so that the child finds consistent lists.
 */

/*
 * base/fork.c calls this for every pool with its registry locked.  No code takes the locks of two
 * pools in another way, so there is no order among pools to keep.
 */
static void before_fork(void *arg)
{
    dsql_pool *pool = arg;
    pthread_mutex_lock(&pool->lock);
}

static void in_parent(void *arg)
{
    dsql_pool *pool = arg;
    pthread_mutex_unlock(&pool->lock);
}

/* An idle slot keeps its state: no thread was using it, so its connection can be freed later. */
static void inherit_slot(struct slot *slot)
{
    if (slot->conn != NULL) {
        connection_disarm(slot->conn);
    }
    watch_end(&slot->watch); /* only close(), which a fork handler may call */
    if (slot->state == SLOT_IN_USE || slot->state == SLOT_RESERVED) {
        slot->state =
            SLOT_INHERITED; /* not through slot_set_state(): new lists come with adoption */
    }
}

/* No thread was using the connections in the thread cache; the threads that it counts are gone. */
static void inherit_cache(dsql_pool *pool)
{
    for (int place = 0; place < THREAD_CACHE_PLACES; place++) {
        int number = thread_cache_take(&pool->cache, place);
        if (number != THREAD_CACHE_NONE) {
            pool->block->items[number].state = SLOT_IDLE;
        }
    }
    thread_cache_reset(&pool->cache);
}

/*
 * The waiters lived on the stacks of threads that do not exist here.  The condition variables are
 * made anew, as they may count waiters that are gone.  The lock can be kept: this thread took it
 * before the fork.
 */
static void in_child(void *arg)
{
    dsql_pool *pool = arg;
    atomic_store(&pool->needs_lock, true);
    inherit_cache(pool);
    for (int i = 0; i < pool->block->count; i++) {
        inherit_slot(&pool->block->items[i]);
    }
    pool->waiters = (struct waiters){.first = NULL};
    pool->pins = 0;
    pool->maintenance.exists = false;
    pool->last_preparation.exists = false;
    pool->is_refreshing = false;
    pool->watcher.is_running = false;
    condition_init(&pool->drain_progress);
    condition_init(&pool->has_work);
    condition_init(&pool->connect_progress);
    atomic_store(&pool->is_inherited, true);
    pthread_mutex_unlock(&pool->lock);
}

/* The hook is part of the pool, so registering allocates nothing for it. */
bool pool_fork_register(dsql_pool *pool)
{
    pool->fork = (struct fork_hook){
        .before = before_fork, .in_parent = in_parent, .in_child = in_child, .arg = pool};
    return fork_hook_add(&pool->fork);
}

/* In every block: a child also keeps those of its parent. */
void pool_fork_unregister(dsql_pool *pool)
{
    fork_hook_remove(&pool->fork);
    for (struct slot_block *block = pool->block; block != NULL; block = block->inherited) {
        for (int i = 0; i < block->count; i++) {
            if (block->items[i].conn != NULL) {
                connection_events_on_destroy(block->items[i].conn, NULL, NULL);
            }
        }
    }
}

struct visit {
    bool (*visit)(dsql_pool *pool, void *arg);
    void *arg;
};

static bool visit_pool(void *object, void *arg)
{
    const struct visit *visit = arg;
    return visit->visit(object, visit->arg);
}

/* The registry of forks is also the list of all pools. */
void pool_fork_visit_all(bool (*visit)(dsql_pool *pool, void *arg), void *arg)
{
    struct visit all = {.visit = visit, .arg = arg};
    fork_hook_visit(before_fork, visit_pool, &all);
}

/* ---- In the child, later ---- */

/* No thread was using idle connections at the fork, so libpq's memory is consistent. */
static void free_idle(struct slot_block *block)
{
    for (int i = 0; i < block->count; i++) {
        struct slot *slot = &block->items[i];
        if (slot->state == SLOT_IDLE) {
            connection_events_on_destroy(slot->conn, NULL, NULL);
            connection_close(slot->conn);
            slot->conn = NULL;
            slot->state = SLOT_FREE;
        }
    }
}

/* The caller holds the lock.  The counters begin at 0: they are the child's own. */
static bool make_new_slots(dsql_pool *pool)
{
    if (!slot_block_add(pool)) {
        return false;
    }
    stats_init(&pool->counters);
    if (pool->parts.connector.tokens != NULL) {
        atomic_store(pool->parts.connector.tokens, 0);
    }
    pool->open_rate = (struct open_rate){0};
    pool->connect_backoff = (struct connect_backoff){0};
    pool->wakes_at_ms = INT64_MIN;
    atomic_store(&pool->is_inherited, false);
    slots_update_cache(pool);
    maintenance_start(pool, NULL); /* the pool works without the thread too */
    return true;
}

/*
 * The flag is read without the lock first, because this runs in every call.  A relaxed read
 * suffices: the flag was set by the thread that forked, before any other thread of the child
 * existed.  It is read again under the lock, since two threads may adopt at once.
 */
bool pool_fork_adopt(dsql_pool *pool)
{
    if (!atomic_load_explicit(&pool->is_inherited, memory_order_relaxed)) {
        return true;
    }
    int os_errno = errno;
    struct slot_block *inherited = NULL;
    pthread_mutex_lock(&pool->lock);
    bool is_adopted = true;
    if (atomic_load(&pool->is_inherited)) {
        inherited = pool->block;
        is_adopted = make_new_slots(pool);
    }
    pthread_mutex_unlock(&pool->lock);
    if (is_adopted && inherited != NULL) {
        free_idle(inherited);
    }
    errno = os_errno;
    return is_adopted;
}

/*
 * Only compared, and forgotten once, so a second release of the same pointer is found to be a
 * mistake.
 */
static bool forget_inherited(dsql_pool *pool, const PGconn *conn)
{
    for (struct slot_block *block = pool->block; block != NULL; block = block->inherited) {
        for (int i = 0; i < block->count; i++) {
            struct slot *slot = &block->items[i];
            if (slot->state == SLOT_INHERITED && slot->conn == conn) {
                slot->conn = NULL;
                return true;
            }
        }
    }
    return false;
}

/* connection_close() in a child only frees memory, as the descriptor leads to /dev/null. */
bool pool_fork_release(dsql_pool *pool, PGconn *conn)
{
    pthread_mutex_lock(&pool->lock);
    bool is_ours = forget_inherited(pool, conn);
    pthread_mutex_unlock(&pool->lock);
    if (is_ours) {
        connection_events_on_destroy(conn, NULL, NULL);
        connection_close(conn);
    }
    return is_ours;
}
