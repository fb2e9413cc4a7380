/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The public functions of the pool: open, acquire, release, close.  What a slot is and who may
 * touch it: slot.h.
 *
 * If the fast path does not apply, the pattern of each function is the same: under the lock,
 * reserve a slot; without the lock, work on its connection; under the lock again, make the slot
 * available.  The lock is never held while libpq, a hook or the log runs.  After it was released
 * anything may have changed, in particular is_closing.
 */
#include "pool/pool.h"

#include "base/cancellation.h"
#include "base/condition.h"
#include "base/error.h"
#include "base/memory.h"
#include "pool/fast_path.h"
#include "pool/hand_out.h"
#include "pool/maintenance.h"
#include "pool/pool_fork.h"
#include "pool/preparation.h"
#include "pool/slot_connection.h"
#include "pool/watcher.h"

#include <errno.h>

/* Without the lock: the parts never change. */
const struct pool_parts *pool_parts(const dsql_pool *pool)
{
    return &pool->parts;
}

void pool_pin(dsql_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->pins++;
    pthread_mutex_unlock(&pool->lock);
}

void pool_unpin(dsql_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->pins -= pool->pins > 0 ? 1 : 0; /* 0: pinned before a fork, and this is the child */
    pthread_cond_broadcast(&pool->drain_progress);
    pthread_mutex_unlock(&pool->lock);
}

void pool_count_retry(dsql_pool *pool, dsql_occ kind)
{
    pthread_mutex_lock(&pool->lock);
    stats_note_retry(&pool->counters, kind);
    pthread_mutex_unlock(&pool->lock);
}

void pool_count_give_up(dsql_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->counters.retries_given_up++;
    pthread_mutex_unlock(&pool->lock);
}

/* ---- Making and closing ---- */

static void destroy_connector(const struct pool_connector *connector)
{
    if (connector->destroy != NULL) {
        connector->destroy(connector->arg);
    }
}

/* All or nothing: what was made is destroyed again on failure. */
static bool init_locks(dsql_pool *pool)
{
    pthread_cond_t *conditions[] = {&pool->drain_progress, &pool->has_work,
                                    &pool->connect_progress};
    if (pthread_mutex_init(&pool->lock, NULL) != 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++) {
        if (!condition_init(conditions[i])) {
            while (i > 0) {
                pthread_cond_destroy(conditions[--i]);
            }
            pthread_mutex_destroy(&pool->lock);
            return false;
        }
    }
    return true;
}

static void destroy_locks(dsql_pool *pool)
{
    pthread_cond_destroy(&pool->connect_progress);
    pthread_cond_destroy(&pool->has_work);
    pthread_cond_destroy(&pool->drain_progress);
    pthread_mutex_destroy(&pool->lock);
}

/*
 * The connector is destroyed last, from a copy: its destroy function may free whatever the pool
 * pointed to.
 */
static void pool_free(dsql_pool *pool)
{
    struct pool_connector connector = pool->parts.connector;
    pool_fork_unregister(pool);
    destroy_locks(pool);
    slot_blocks_free(pool);
    mem_free(pool);
    destroy_connector(&connector);
}

/*
 * Registered for forks last: a fork in between must not find a pool whose lock does not exist
 * yet.
 */
static dsql_pool *pool_new(const struct pool_parts *parts)
{
    dsql_pool *pool = mem_new(sizeof *pool);
    if (pool == NULL) {
        return NULL;
    }
    pool->parts = *parts;
    stats_init(&pool->counters);
    pool->wakes_at_ms = INT64_MIN;
    if (!slot_block_add(pool) || !init_locks(pool)) {
        slot_blocks_free(pool);
        mem_free(pool);
        return NULL;
    }
    if (!pool_fork_register(pool)) {
        destroy_locks(pool);
        slot_blocks_free(pool);
        mem_free(pool);
        return NULL;
    }
    return pool;
}

/*
 * Opens one connection, so that wrong options fail at startup and not in the first request.
 * Without a time limit but that of connect_timeout_ms, as there is no caller's deadline yet.
 */
static dsql_status open_first(dsql_pool *pool, dsql_error *err)
{
    pthread_mutex_lock(&pool->lock);
    struct slot *slot = slot_take(pool);
    pthread_mutex_unlock(&pool->lock);
    dsql_status status = slot_open(slot, -1, err);
    pthread_mutex_lock(&pool->lock);
    slot_set_state(slot, status == DSQL_OK ? SLOT_IDLE : SLOT_FREE);
    pthread_mutex_unlock(&pool->lock);
    return status;
}

/* After the first connection, so that a pool which fails to open has no thread to join. */
static dsql_status start_maintenance(dsql_pool *pool, dsql_error *err)
{
    pthread_mutex_lock(&pool->lock);
    dsql_status status = maintenance_start(pool, err);
    pthread_mutex_unlock(&pool->lock);
    return status;
}

/*
 * From here on the connector belongs to the pool, so each way out destroys it exactly once:
 * dsql_pool_close() does after pool_new(), and this function before.
 */
dsql_pool *pool_open_with(const struct pool_parts *parts, dsql_error *err)
{
    if (parts->pool.max < 1 || parts->pool.min_idle > parts->pool.max) {
        destroy_connector(&parts->connector);
        fail(err, DSQL_ERR_USAGE,
             "pool_max must be at least 1, and pool_min_idle must not be greater than pool_max");
        return NULL;
    }
    dsql_pool *pool = pool_new(parts);
    if (pool == NULL) {
        destroy_connector(&parts->connector);
        fail_nomem(err);
        return NULL;
    }
    if (open_first(pool, err) != DSQL_OK || start_maintenance(pool, err) != DSQL_OK) {
        dsql_pool_close(pool, -1);
        return NULL;
    }
    return pool;
}

static void close_idle(dsql_pool *pool)
{
    struct slot *slot = slot_take_first(pool, SLOT_IDLE);
    while (slot != NULL) {
        pthread_mutex_unlock(&pool->lock);
        slot_discard(slot);
        pthread_mutex_lock(&pool->lock);
        slot = slot_take_first(pool, SLOT_IDLE);
    }
}

/* All slots free means that no thread has one reserved either, including the maintenance thread. */
static bool is_drained(const dsql_pool *pool)
{
    return pool->waiters.first == NULL && pool->pins == 0 &&
           slot_count(pool, SLOT_FREE) == pool->parts.pool.max;
}

/*
 * False: at the deadline a connection was still in use, or the pool pinned.  The caller holds the
 * lock, which is released only while it waits and while connections are closed.
 */
static bool wait_until_drained(dsql_pool *pool, int timeout_ms)
{
    struct timespec until = condition_deadline(timeout_ms);
    close_idle(pool);
    while (!is_drained(pool)) {
        if (!condition_wait(&pool->drain_progress, &pool->lock, timeout_ms < 0 ? NULL : &until)) {
            close_idle(pool);
            return is_drained(pool);
        }
        close_idle(pool);
    }
    return true;
}

/*
 * A thread may have released the last connection into the thread cache and be about to return from
 * dsql_pool_release().  That takes some instructions, but the thread may have been preempted.
 */
static void wait_until_unused(dsql_pool *pool)
{
    while (thread_cache_is_busy(&pool->cache)) {
        struct timespec until = condition_deadline(1);
        condition_wait(&pool->drain_progress, &pool->lock, &until);
    }
}

/*
 * After a timeout the pool stays closing: nothing can be acquired, connections in use can still
 * be released, and dsql_pool_close() can be called again.  Freeing it would leave a caller's
 * release with freed memory.
 */
dsql_status dsql_pool_close(dsql_pool *pool, int timeout_ms)
{
    HOLD_CANCELLATION();
    if (pool == NULL) {
        return DSQL_OK;
    }
    if (!pool_fork_adopt(pool)) {
        return DSQL_ERR_NOMEM;
    }
    pthread_mutex_lock(&pool->lock);
    pool->is_closing = true;
    slots_update_cache(pool);
    waiters_wake_all(&pool->waiters);
    pthread_cond_broadcast(&pool->connect_progress);
    pthread_cond_signal(&pool->has_work);
    bool all_back = wait_until_drained(pool, timeout_ms);
    if (all_back) {
        wait_until_unused(pool);
    }
    pthread_mutex_unlock(&pool->lock);
    if (!all_back) {
        return DSQL_ERR_TIMEOUT;
    }
    maintenance_join(pool);
    preparation_join(pool);
    watcher_stop(pool);
    pool_free(pool);
    return DSQL_OK;
}

/* ---- Acquiring ---- */

/*
 * Waits in the queue until served.  The caller holds the lock.  The waiter is on this stack, so
 * it must have left the queue when the function returns: waiters_serve() removes a waiter that it
 * serves, and every other way out removes it here.  A slot that was handed over in the moment of
 * a timeout is taken, not lost.
 */
static struct slot *wait_in_queue(dsql_pool *pool, struct waiter *waiter, int timeout_ms,
                                  struct loan *loan, dsql_error *err)
{
    loan->start_ms = clock_monotonic_ms(pool->parts.clock);
    waiter->since_ms = loan->start_ms;
    struct timespec until = condition_deadline(timeout_ms);
    bool has_time = true;
    slot_queue_enter(pool, waiter);
    slot_queue_take(pool, waiter); /* a release may have come just before */
    while (waiter->slot == NULL && !pool->is_closing && has_time) {
        has_time = condition_wait(&waiter->is_served, &pool->lock, timeout_ms < 0 ? NULL : &until);
        slot_queue_take(pool, waiter);
    }
    if (waiter->slot != NULL) {
        return waiter->slot;
    }
    if (pool->is_closing) {
        hand_out_fail_closed(err);
    } else {
        hand_out_fail_timeout(pool, timeout_ms, err);
    }
    slot_queue_leave(pool, waiter);
    pthread_cond_broadcast(&pool->drain_progress);
    return NULL;
}

/* The condition variable is made before the lock is taken, as it may need memory. */
static struct slot *wait_for_slot(dsql_pool *pool, int timeout_ms, struct loan *loan,
                                  dsql_error *err)
{
    struct waiter waiter = {.slot = NULL};
    if (!condition_init(&waiter.is_served)) {
        fail_nomem(err);
        return NULL;
    }
    struct slot *slot = NULL;
    pthread_mutex_lock(&pool->lock);
    if (pool->is_closing) {
        hand_out_fail_closed(err);
    } else {
        slot = slot_take_in_turn(pool);
        if (slot == NULL) {
            slot = wait_in_queue(pool, &waiter, timeout_ms, loan, err);
        }
    }
    pthread_mutex_unlock(&pool->lock);
    pthread_cond_destroy(&waiter.is_served);
    return slot;
}

/*
 * The time limit covers waiting and preparing together.  A slot that cannot be prepared is
 * discarded, so the next caller gets a fresh one.
 */
static PGconn *acquire_with_lock(dsql_pool *pool, int timeout_ms, const char *place,
                                 dsql_error *err)
{
    if (!pool_fork_adopt(pool)) {
        fail_nomem(err);
        return NULL;
    }
    int64_t deadline_ms = timeout_ms < 0 ? -1 : clock_monotonic_ms(pool->parts.clock) + timeout_ms;
    struct loan loan = {.place = place, .start_ms = -1};
    struct slot *slot = wait_for_slot(pool, timeout_ms, &loan, err);
    if (slot == NULL) {
        return NULL;
    }
    if (slot_prepare(slot, deadline_ms, err) != DSQL_OK) {
        slot_discard(slot);
        return NULL;
    }
    return hand_out(slot, &loan, err);
}

PGconn *pool_acquire_within(dsql_pool *pool, int timeout_ms, const char *place, dsql_error *err)
{
    PGconn *conn = fast_path_acquire(pool);
    return conn != NULL ? conn : acquire_with_lock(pool, timeout_ms, place, err);
}

/* The fast path does not wait, and holding off a cancellation would be a good part of its cost. */
PGconn *dsql_pool_acquire_at(dsql_pool *pool, const char *place, dsql_error *err)
{
    PGconn *conn = pool == NULL ? NULL : fast_path_acquire(pool);
    if (conn != NULL) {
        return conn;
    }
    HOLD_CANCELLATION();
    if (pool == NULL) {
        fail(err, DSQL_ERR_USAGE, "dsql_pool_acquire(): pool must not be NULL");
        return NULL;
    }
    return acquire_with_lock(pool, pool->parts.pool.acquire_timeout_ms, place, err);
}

PGconn *dsql_pool_acquire(dsql_pool *pool, dsql_error *err)
{
    return dsql_pool_acquire_at(pool, NULL, err);
}

/* ---- Releasing ---- */

/* The reset is a round trip, which must not happen under the lock. */
static void release(struct slot *slot, bool is_closing)
{
    dsql_pool *pool = slot->pool;
    if (is_closing || !slot_reset(slot)) {
        slot_discard(slot);
        return;
    }
    /* The pool may have begun to close meanwhile; then nobody would find an idle slot. */
    pthread_mutex_lock(&pool->lock);
    is_closing = pool->is_closing;
    if (!is_closing) {
        slot_set_state(slot, SLOT_IDLE);
    }
    pthread_mutex_unlock(&pool->lock);
    if (is_closing) {
        slot_discard(slot);
    }
}

struct lent {
    PGconn *conn;
    struct slot *slot; /* reserved from now on; NULL: not found */
    bool is_closing;
};

/* The connection is compared and not dereferenced: it may be freed already. */
static bool take_back(dsql_pool *pool, void *arg)
{
    struct lent *lent = arg;
    pthread_mutex_lock(&pool->lock);
    struct slot *slot = slot_find_in_use(pool, lent->conn);
    lent->slot = slot != NULL && slot_end_loan(slot, lent->conn) ? slot : NULL;
    lent->is_closing = pool->is_closing;
    if (lent->slot != NULL) {
        slot_set_state(lent->slot, SLOT_RESERVED);
    }
    pthread_mutex_unlock(&pool->lock);
    return lent->slot != NULL;
}

/*
 * dsql_pool_release() returns no error, so a mistake is logged.  A connection of another pool goes
 * back to that one, which would otherwise have lost it and could never be closed.
 */
static void release_elsewhere(const dsql_pool *pool, PGconn *conn)
{
    struct lent lent = {.conn = conn};
    pool_fork_visit_all(take_back, &lent);
    if (lent.slot == NULL) {
        log_write(&pool->parts.logger, DSQL_LOG_ERROR,
                  "dsql_pool_release(): the connection is not in use in any pool, and was left as "
                  "it is; it was released before, or did not come from a pool");
        return;
    }
    log_write(&pool->parts.logger, DSQL_LOG_ERROR,
              "dsql_pool_release(): the connection belongs to another pool, and was returned to "
              "that one; release each connection to the pool that it came from");
    release(lent.slot, lent.is_closing);
}

void dsql_pool_release(dsql_pool *pool, PGconn *conn)
{
    HOLD_CANCELLATION();
    if (pool == NULL || conn == NULL) {
        return;
    }
    int os_errno = errno; /* callers often release while they handle a failure */
    if (fast_path_release(pool, conn)) {
        errno = os_errno;
        return;
    }
    (void)pool_fork_adopt(pool); /* out of memory: it can still be closed */
    struct lent lent = {.conn = conn};
    if (take_back(pool, &lent)) {
        release(lent.slot, lent.is_closing);
    } else if (!pool_fork_release(pool, conn)) {
        release_elsewhere(pool, conn);
    }
    errno = os_errno;
}

/* Those from the thread cache have not waited.  The caller holds the lock. */
static void count_reused(const dsql_pool *pool, dsql_pool_stats *out)
{
    const struct slot_block *block = pool->block;
    for (int i = 0; i < block->count; i++) {
        uint64_t reused = atomic_load_explicit(&block->items[i].reused, memory_order_relaxed);
        out->acquired += reused;
        out->waits[0].count += reused;
    }
}

/* One lock for all numbers, so that they fit each other. */
void dsql_pool_get_stats(dsql_pool *pool, dsql_pool_stats *out)
{
    HOLD_CANCELLATION();
    if (pool == NULL || out == NULL) {
        return;
    }
    (void)pool_fork_adopt(pool); /* otherwise these are the parent's numbers */
    const atomic_ullong *tokens = pool->parts.connector.tokens;

    pthread_mutex_lock(&pool->lock);
    *out = pool->counters;
    out->tokens = tokens == NULL ? 0 : atomic_load(tokens);
    out->open = (int)(pool->counters.opened - pool->counters.closed);
    int cached = thread_cache_count(&pool->cache);
    out->idle = slot_count(pool, SLOT_IDLE) + cached;
    out->in_use = slot_count(pool, SLOT_IN_USE) - cached;
    count_reused(pool, out);
    out->waiting = pool->waiters.count;
    pthread_mutex_unlock(&pool->lock);
}
