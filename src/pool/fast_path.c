/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever takes a slot's number out of the cache, or ends the loan of a slot, has that slot alone.
 * So its fields are read and written without the lock here; the atomic operations order that.
 *
 * No caller waits while a connection is in the cache.  A thread that needs a slot sets needs_lock
 * and then looks into the cache (slot_queue_enter()).  A release puts its connection into the cache
 * and then reads needs_lock.  So at least one of the two finds the other.
 */
#include "pool/fast_path.h"

#include "base/cancellation.h"
#include "pool/health.h"
#include "pool/slot_connection.h"

/*
 * After this time an acquire takes the lock, and gets the connection that was used last by any
 * thread.  Otherwise each thread would keep a connection of its own from becoming idle for long.
 */
enum { CACHED_FOR_MS = 500 };

static bool is_good(const struct slot *slot)
{
    int64_t now_ms = clock_coarse_ms(slot->pool->parts.clock);
    if (slot_is_trusted(slot, now_ms) && now_ms < slot->expires_ms) {
        return PQstatus(slot->conn) == CONNECTION_OK;
    }
    return now_ms - slot->idle_since_ms < CACHED_FOR_MS && slot_look(slot, now_ms) == HEALTH_GOOD;
}

/* It may wake a caller that waits, and the thread must not end there with the lock. */
static void make_idle(struct slot *slot)
{
    HOLD_CANCELLATION();
    dsql_pool *pool = slot->pool;
    pthread_mutex_lock(&pool->lock);
    slot_leave_cache(slot);
    slots_were_gathered(pool);
    pthread_mutex_unlock(&pool->lock);
}

/* Only the thread that has the slot writes, so no locked instruction is needed. */
static void count_reuse(struct slot *slot)
{
    unsigned long long reused = atomic_load_explicit(&slot->reused, memory_order_relaxed);
    atomic_store_explicit(&slot->reused, reused + 1, memory_order_relaxed);
}

PGconn *fast_path_acquire(dsql_pool *pool)
{
    if (atomic_load_explicit(&pool->needs_lock, memory_order_acquire)) {
        return NULL;
    }
    int number = thread_cache_take(&pool->cache, thread_cache_place());
    if (number == THREAD_CACHE_NONE) {
        return NULL;
    }
    struct slot *slot = &pool->block->items[number];
    if (!is_good(slot)) {
        make_idle(slot); /* the slow path decides what becomes of it */
        return NULL;
    }
    count_reuse(slot);
    PGconn *conn = slot->conn;
    atomic_store_explicit(&slot->lent, conn, memory_order_release);
    return conn;
}

/* As slot_reset() does, except for what needs the server. */
static bool is_clean(struct slot *slot, PGconn *conn, int64_t now_ms)
{
    if (slot->watch.socket >= 0 || now_ms >= slot->expires_ms || !health_is_at_rest(conn)) {
        return false;
    }
    baseline_restore_libpq(&slot->baseline, conn);
    return baseline_holds(&slot->baseline, conn);
}

/*
 * From thread_cache_put() on, the slot may be acquired, or closed with the pool.  So the pool is
 * used no more after thread_cache_leave(), for which dsql_pool_close() waits.
 */
static void put_into_cache(struct slot *slot)
{
    dsql_pool *pool = slot->pool;
    int place = thread_cache_place();
    int older = thread_cache_put(&pool->cache, place, (int)(slot - pool->block->items));
    if (older != THREAD_CACHE_NONE) {
        make_idle(&pool->block->items[older]);
    }
    if (atomic_load(&pool->needs_lock)) {
        pthread_mutex_lock(&pool->lock);
        slots_gather(pool);
        slots_were_gathered(pool);
        pthread_mutex_unlock(&pool->lock);
    }
    thread_cache_leave(&pool->cache, place);
}

bool fast_path_release(dsql_pool *pool, PGconn *conn)
{
    if (atomic_load_explicit(&pool->needs_lock, memory_order_acquire)) {
        return false;
    }
    struct slot *slot = slot_find_quickly(pool, conn);
    if (slot == NULL || !slot_end_loan(slot, conn)) {
        return false;
    }
    int64_t now_ms = clock_coarse_ms(pool->parts.clock);
    if (!is_clean(slot, conn, now_ms)) {
        atomic_store(&slot->lent, conn); /* the slow path ends the loan */
        return false;
    }
    slot->idle_since_ms = now_ms;
    put_into_cache(slot);
    return true;
}
