/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool: lends connections, first come first served.  What a place is, and who
 * may touch it when, is in place.h; opening and closing ahead in maintenance.h.
 */
#include "pool/pool.h"

#include "base/error.h"
#include "base/memory.h"
#include "pool/condition.h"
#include "pool/maintenance.h"
#include "pool/pool_fork.h"
#include "pool/slot_connection.h"

#include <errno.h>

const struct pool_parts *pool_parts(const dsql_pool *pool)
{
    return &pool->parts;
}

void pool_hold(dsql_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->holds++;
    pthread_mutex_unlock(&pool->lock);
}

void pool_let_go(dsql_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->holds -= pool->holds > 0 ? 1 : 0; /* 0: held before a fork, and we are the child */
    pthread_cond_broadcast(&pool->is_quieter);
    pthread_mutex_unlock(&pool->lock);
}

void pool_count_occ_retry(dsql_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->counters.occ_retries++;
    pthread_mutex_unlock(&pool->lock);
}

/* ---- Making and closing ---- */

static void destroy_connector(const struct pool_connector *connector)
{
    if (connector->destroy != NULL) {
        connector->destroy(connector->arg);
    }
}

static void pool_free(dsql_pool *pool)
{
    struct pool_connector connector = pool->parts.connector;
    inherit_end(pool);
    pthread_cond_destroy(&pool->has_work);
    pthread_cond_destroy(&pool->is_quieter);
    pthread_mutex_destroy(&pool->lock);
    place_blocks_free(pool);
    mem_free(pool);
    destroy_connector(&connector);
}

static bool init_locks(dsql_pool *pool)
{
    if (pthread_mutex_init(&pool->lock, NULL) != 0) {
        return false;
    }
    if (!condition_init(&pool->is_quieter)) {
        pthread_mutex_destroy(&pool->lock);
        return false;
    }
    if (!condition_init(&pool->has_work)) {
        pthread_cond_destroy(&pool->is_quieter);
        pthread_mutex_destroy(&pool->lock);
        return false;
    }
    return true;
}

static dsql_pool *pool_new(const struct pool_parts *parts)
{
    dsql_pool *pool = mem_new(sizeof *pool);
    if (pool == NULL) {
        return NULL;
    }
    pool->parts = *parts;
    pool->wakes_at_ms = INT64_MIN;
    if (!place_block_add(pool) || !init_locks(pool)) {
        place_blocks_free(pool);
        mem_free(pool);
        return NULL;
    }
    if (!inherit_watch(pool)) {
        pthread_cond_destroy(&pool->has_work);
        pthread_cond_destroy(&pool->is_quieter);
        pthread_mutex_destroy(&pool->lock);
        place_blocks_free(pool);
        mem_free(pool);
        return NULL;
    }
    return pool;
}

/* Wrong options should fail here, and not in the first request at night. */
static dsql_status open_first(dsql_pool *pool, dsql_error *err)
{
    pthread_mutex_lock(&pool->lock);
    struct place *place = place_take(pool);
    pthread_mutex_unlock(&pool->lock);
    dsql_status status = place_fill(place, -1, err);
    pthread_mutex_lock(&pool->lock);
    place_change(place, status == DSQL_OK ? PLACE_IDLE : PLACE_FREE);
    pthread_mutex_unlock(&pool->lock);
    return status;
}

static dsql_status maintain_from_now(dsql_pool *pool, dsql_error *err)
{
    pthread_mutex_lock(&pool->lock);
    dsql_status status = maintenance_start(pool, err);
    pthread_mutex_unlock(&pool->lock);
    return status;
}

dsql_pool *pool_open_with(const struct pool_parts *parts, dsql_error *err)
{
    if (parts->pool.max < 1 || parts->pool.min_idle > parts->pool.max) {
        destroy_connector(&parts->connector);
        fail(err, DSQL_ERR_USAGE, "pool_min_idle may be at most pool_max, which is at least 1");
        return NULL;
    }
    dsql_pool *pool = pool_new(parts);
    if (pool == NULL) {
        destroy_connector(&parts->connector);
        fail_nomem(err);
        return NULL;
    }
    if (open_first(pool, err) != DSQL_OK || maintain_from_now(pool, err) != DSQL_OK) {
        dsql_pool_close(pool, -1);
        return NULL;
    }
    return pool;
}

static void close_idle(dsql_pool *pool)
{
    struct place *place = place_take_first(pool, PLACE_IDLE);
    while (place != NULL) {
        pthread_mutex_unlock(&pool->lock);
        place_give_up(place);
        pthread_mutex_lock(&pool->lock);
        place = place_take_first(pool, PLACE_IDLE);
    }
}

static bool is_quiet(const dsql_pool *pool)
{
    return pool->waiters.first == NULL && pool->holds == 0 &&
           place_count(pool, PLACE_FREE) == pool->parts.pool.max;
}

/* False: at the deadline something was still out. */
static bool wait_until_quiet(dsql_pool *pool, int timeout_ms)
{
    struct timespec until = condition_deadline(timeout_ms);
    close_idle(pool);
    while (!is_quiet(pool)) {
        if (!condition_wait(&pool->is_quieter, &pool->lock, timeout_ms < 0 ? NULL : &until)) {
            close_idle(pool);
            return is_quiet(pool);
        }
        close_idle(pool);
    }
    return true;
}

dsql_status dsql_pool_close(dsql_pool *pool, int timeout_ms)
{
    if (pool == NULL) {
        return DSQL_OK;
    }
    if (!inherit_settle(pool)) {
        return DSQL_ERR_NOMEM;
    }
    pthread_mutex_lock(&pool->lock);
    pool->is_closing = true;
    waiters_wake_all(&pool->waiters);
    pthread_cond_signal(&pool->has_work);
    bool all_back = wait_until_quiet(pool, timeout_ms);
    pthread_mutex_unlock(&pool->lock);
    if (!all_back) {
        return DSQL_ERR_TIMEOUT;
    }
    maintenance_join(pool);
    pool_free(pool);
    return DSQL_OK;
}

/* ---- Lending ---- */

static dsql_status fail_closed(dsql_error *err)
{
    return fail(err, DSQL_ERR_CLOSED, "the pool is closing");
}

static dsql_status fail_timeout(dsql_pool *pool, int timeout_ms, dsql_error *err)
{
    pool->counters.timeouts++;
    return fail(err, DSQL_ERR_TIMEOUT,
                "no connection came free in %d ms: %d of %d in use, %d waiting; "
                "release them sooner or raise pool_max",
                timeout_ms, place_count(pool, PLACE_LENT), pool->parts.pool.max,
                pool->waiters.count);
}

/* Stands in the queue until served; with the lock held. */
static struct place *queue_up(dsql_pool *pool, struct waiter *waiter, int timeout_ms,
                              dsql_error *err)
{
    struct timespec until = condition_deadline(timeout_ms);
    bool has_time = true;
    waiters_add(&pool->waiters, waiter);
    while (waiter->place == NULL && !pool->is_closing && has_time) {
        has_time = condition_wait(&waiter->is_served, &pool->lock, timeout_ms < 0 ? NULL : &until);
    }
    if (waiter->place != NULL) {
        return waiter->place;
    }
    if (pool->is_closing) {
        fail_closed(err);
    } else {
        fail_timeout(pool, timeout_ms, err);
    }
    waiters_remove(&pool->waiters, waiter);
    pthread_cond_broadcast(&pool->is_quieter);
    return NULL;
}

static struct place *wait_for_place(dsql_pool *pool, int timeout_ms, dsql_error *err)
{
    struct waiter waiter = {.place = NULL};
    if (!condition_init(&waiter.is_served)) {
        fail_nomem(err);
        return NULL;
    }
    struct place *place = NULL;
    pthread_mutex_lock(&pool->lock);
    if (pool->is_closing) {
        fail_closed(err);
    } else if (pool->waiters.first != NULL) {
        place = queue_up(pool, &waiter, timeout_ms, err); /* nobody overtakes */
    } else {
        place = place_take(pool);
        if (place == NULL) {
            place = queue_up(pool, &waiter, timeout_ms, err);
        }
    }
    pthread_mutex_unlock(&pool->lock);
    pthread_cond_destroy(&waiter.is_served);
    return place;
}

static PGconn *lend(struct place *place, dsql_error *err)
{
    dsql_pool *pool = place->pool;
    PGconn *conn = place->conn;
    pthread_mutex_lock(&pool->lock);
    bool is_closing = pool->is_closing;
    bool is_left_behind = place->state == PLACE_LEFT_BEHIND;
    if (!is_closing && !is_left_behind) {
        place_change(place, PLACE_LENT);
        pool->counters.acquired++;
    }
    pthread_mutex_unlock(&pool->lock);
    if (is_left_behind) {
        fail(err, DSQL_ERR_USAGE, "a hook of the pool forked, and its child went on in it");
        return NULL;
    }
    if (is_closing) {
        place_give_up(place);
        fail_closed(err);
        return NULL;
    }
    return conn;
}

PGconn *pool_acquire_within(dsql_pool *pool, int timeout_ms, dsql_error *err)
{
    if (!inherit_settle(pool)) {
        fail_nomem(err);
        return NULL;
    }
    int64_t deadline_ms = timeout_ms < 0 ? -1 : clock_monotonic_ms(pool->parts.clock) + timeout_ms;
    struct place *place = wait_for_place(pool, timeout_ms, err);
    if (place == NULL) {
        return NULL;
    }
    if (place_make_ready(place, deadline_ms, err) != DSQL_OK) {
        place_give_up(place);
        return NULL;
    }
    return lend(place, err);
}

PGconn *dsql_pool_acquire(dsql_pool *pool, dsql_error *err)
{
    if (pool == NULL) {
        fail(err, DSQL_ERR_USAGE, "dsql_pool_acquire() needs a pool");
        return NULL;
    }
    return pool_acquire_within(pool, pool->parts.pool.acquire_timeout_ms, err);
}

static void give_back(struct place *place, bool is_closing)
{
    dsql_pool *pool = place->pool;
    if (is_closing || !place_tidy(place)) {
        place_give_up(place);
        return;
    }
    /* The pool may have begun to close meanwhile: then nobody would look for an idle one. */
    pthread_mutex_lock(&pool->lock);
    is_closing = pool->is_closing;
    if (!is_closing) {
        place_change(place, PLACE_IDLE);
    }
    pthread_mutex_unlock(&pool->lock);
    if (is_closing) {
        place_give_up(place);
    }
}

void dsql_pool_release(dsql_pool *pool, PGconn *conn)
{
    if (pool == NULL || conn == NULL) {
        return;
    }
    int os_errno = errno;       /* giving back is often done on the way out of a failure */
    (void)inherit_settle(pool); /* without memory it can still be found and closed */
    pthread_mutex_lock(&pool->lock);
    bool is_closing = pool->is_closing;
    struct place *place = place_find_lent(pool, conn);
    if (place != NULL) {
        place_change(place, PLACE_HELD);
    }
    pthread_mutex_unlock(&pool->lock);
    if (place != NULL) {
        give_back(place, is_closing);
    } else if (!inherit_give_back(pool, conn)) {
        log_write(&pool->parts.logger, DSQL_LOG_ERROR,
                  "dsql_pool_release: not a connection this pool has lent");
    }
    errno = os_errno;
}

void dsql_pool_get_stats(dsql_pool *pool, dsql_pool_stats *out)
{
    if (pool == NULL || out == NULL) {
        return;
    }
    (void)inherit_settle(pool); /* else the numbers of the parent */
    pthread_mutex_lock(&pool->lock);
    *out = pool->counters;
    out->open = (int)(pool->counters.opened - pool->counters.closed);
    out->idle = place_count(pool, PLACE_IDLE);
    out->in_use = place_count(pool, PLACE_LENT);
    out->waiting = pool->waiters.count;
    pthread_mutex_unlock(&pool->lock);
}
