/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that need a connection after a connect has failed wait here, each with its slot
 * reserved, until the one that probes has succeeded or the back-off is over.  A failure that does
 * not pass by itself, such as a rejected password, ends the wait of all of them with its error.
 */
#include "pool/connect_turn.h"

#include "base/condition.h"
#include "base/error.h"
#include "base/log.h"

static int64_t now_ms(const dsql_pool *pool)
{
    return clock_monotonic_ms(pool->parts.clock);
}

/* connect_timeout_ms is for all attempts together, as in dsql_connect(). */
static int64_t limit_of(const dsql_pool *pool, int64_t deadline_ms)
{
    int connect_ms = pool->parts.pool.connect_timeout_ms;
    int64_t until_ms = now_ms(pool) + connect_ms;
    return connect_ms > 0 && (deadline_ms < 0 || until_ms < deadline_ms) ? until_ms : deadline_ms;
}

/*
 * Waits once.  False: the time limit was reached.  The kernel's clock decides and not the pool's,
 * which a test may have stopped; but only if nothing has changed meanwhile.
 */
static bool wait_once(const struct connect_turn *turn, int64_t wait_ms)
{
    dsql_pool *pool = turn->pool;
    int64_t left_ms = turn->until_ms < 0 ? INT64_MAX : turn->until_ms - now_ms(pool);
    bool is_last = wait_ms == CONNECT_BACKOFF_PROBING || wait_ms > left_ms;
    int64_t shorter_ms = is_last ? left_ms : wait_ms;
    if (shorter_ms <= 0) {
        return false;
    }
    int failures = pool->connect_backoff.failures;
    struct timespec until = condition_deadline(shorter_ms);
    if (condition_wait(&pool->connect_progress, &pool->lock,
                       shorter_ms == INT64_MAX ? NULL : &until)) {
        return true;
    }
    if (!is_last && failures == pool->connect_backoff.failures) {
        connect_backoff_elapsed(&pool->connect_backoff);
    }
    return !is_last;
}

struct connect_turn connect_turn_new(dsql_pool *pool, int64_t deadline_ms)
{
    return (struct connect_turn){.pool = pool, .until_ms = limit_of(pool, deadline_ms)};
}

/* The caller holds the lock.  rejections are those before it began to wait. */
static dsql_status wait_for_turn(struct connect_turn *turn, uint64_t rejections, dsql_error *err)
{
    dsql_pool *pool = turn->pool;
    bool has_time = true;
    for (;;) {
        if (pool->is_closing) {
            return fail(err, DSQL_ERR_CLOSED, "the pool is closing");
        }
        if (!has_time || rejections != pool->connect_rejections) {
            *err = pool->connect_failure;
            return err->status;
        }
        int64_t wait_ms =
            connect_backoff_begin(&pool->connect_backoff, now_ms(pool), &turn->is_probe);
        turn->idle = wait_ms == 0 ? NULL : slot_take_first(pool, SLOT_IDLE);
        if (wait_ms == 0 || turn->idle != NULL) {
            return DSQL_OK;
        }
        has_time = wait_once(turn, wait_ms);
    }
}

dsql_status connect_turn_wait(struct connect_turn *turn, dsql_error *err)
{
    dsql_pool *pool = turn->pool;
    pthread_mutex_lock(&pool->lock);
    dsql_status status = wait_for_turn(turn, pool->connect_rejections, err);
    pthread_mutex_unlock(&pool->lock);
    return status;
}

/* The error is copied for those who wait.  The log runs without the lock. */
void connect_turn_end(const struct connect_turn *turn, dsql_status status, const dsql_error *reason)
{
    dsql_pool *pool = turn->pool;
    pthread_mutex_lock(&pool->lock);
    if (status == DSQL_OK) {
        connect_backoff_succeeded(&pool->connect_backoff);
    } else {
        connect_backoff_failed(&pool->connect_backoff, turn->is_probe, now_ms(pool),
                               pool->parts.random);
        pool->connect_failure = *reason;
        pool->connect_failure.status = status;
        pool->connect_rejections += reason->is_transient ? 0 : 1;
    }
    slots_update_cache(pool);
    int failures = pool->connect_backoff.failures;
    pthread_cond_broadcast(&pool->connect_progress);
    pthread_mutex_unlock(&pool->lock);
    if (status != DSQL_OK) {
        log_write(&pool->parts.logger, DSQL_LOG_INFO, "pool: could not connect (%d in a row): %s",
                  failures, reason->message);
    }
}

bool connect_turn_may_try_again(const struct connect_turn *turn, const dsql_error *reason)
{
    return reason->is_transient && (turn->until_ms < 0 || now_ms(turn->pool) < turn->until_ms);
}
