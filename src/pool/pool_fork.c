/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See inherit.h. */
#include "pool/pool_fork.h"

#include "connect/connection.h"
#include "connect/connection_events.h"
#include "pool/condition.h"
#include "pool/maintenance.h"

#include <errno.h>

/* ---- At the fork ---- */

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

static void leave_behind(struct place *place)
{
    if (place->conn != NULL) {
        connection_disarm(place->conn);
    }
    if (place->state == PLACE_LENT || place->state == PLACE_HELD) {
        place->state = PLACE_LEFT_BEHIND; /* the lists are made anew */
    }
}

static void in_child(void *arg)
{
    dsql_pool *pool = arg;
    for (int i = 0; i < pool->block->count; i++) {
        leave_behind(&pool->block->items[i]);
    }
    pool->waiters = (struct waiters){.first = NULL};
    pool->holds = 0;
    pool->is_maintained = false;
    condition_init(&pool->is_quieter);
    condition_init(&pool->has_work);
    atomic_store(&pool->is_inherited, true);
    pthread_mutex_unlock(&pool->lock);
}

bool inherit_watch(dsql_pool *pool)
{
    pool->fork = (struct fork_hook){
        .before = before_fork, .in_parent = in_parent, .in_child = in_child, .arg = pool};
    return fork_hook_add(&pool->fork);
}

void inherit_end(dsql_pool *pool)
{
    fork_hook_remove(&pool->fork);
    for (struct place_block *block = pool->block; block != NULL; block = block->inherited) {
        for (int i = 0; i < block->count; i++) {
            if (block->items[i].conn != NULL) {
                watch_on_destroy(block->items[i].conn, NULL, NULL);
            }
        }
    }
}

/* ---- In the child, later ---- */

/* No thread was in them, so that they are whole; their sockets lead nowhere. */
static void free_idle(struct place_block *block)
{
    for (int i = 0; i < block->count; i++) {
        struct place *place = &block->items[i];
        if (place->state == PLACE_IDLE) {
            watch_on_destroy(place->conn, NULL, NULL);
            connection_close(place->conn);
            place->conn = NULL;
            place->state = PLACE_FREE;
        }
    }
}

/* With the lock held. */
static bool renew(dsql_pool *pool)
{
    if (!place_block_add(pool)) {
        return false;
    }
    pool->counters = (dsql_pool_stats){0};
    pool->pace = (struct pace){0};
    pool->wakes_at_ms = INT64_MIN;
    atomic_store(&pool->is_inherited, false);
    maintenance_start(pool, NULL); /* without the thread it works as well, only later */
    return true;
}

bool inherit_settle(dsql_pool *pool)
{
    if (!atomic_load_explicit(&pool->is_inherited, memory_order_relaxed)) {
        return true;
    }
    int os_errno = errno;
    struct place_block *inherited = NULL;
    pthread_mutex_lock(&pool->lock);
    bool is_settled = true;
    if (atomic_load(&pool->is_inherited)) {
        inherited = pool->block;
        is_settled = renew(pool);
    }
    pthread_mutex_unlock(&pool->lock);
    if (is_settled && inherited != NULL) {
        free_idle(inherited);
    }
    errno = os_errno;
    return is_settled;
}

static bool forget(dsql_pool *pool, const PGconn *conn)
{
    for (struct place_block *block = pool->block; block != NULL; block = block->inherited) {
        for (int i = 0; i < block->count; i++) {
            struct place *place = &block->items[i];
            if (place->state == PLACE_LEFT_BEHIND && place->conn == conn) {
                place->conn = NULL;
                return true;
            }
        }
    }
    return false;
}

bool inherit_give_back(dsql_pool *pool, PGconn *conn)
{
    pthread_mutex_lock(&pool->lock);
    bool is_ours = forget(pool, conn);
    pthread_mutex_unlock(&pool->lock);
    if (is_ours) {
        watch_on_destroy(conn, NULL, NULL);
        connection_close(conn);
    }
    return is_ours;
}
