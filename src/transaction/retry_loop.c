/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts, waits, acquires, releases and gives up.  The loop is a state machine (retry_loop.h) and
 * not a while loop, because the caller may be in the middle of it: with DSQL_TRANSACTION the body
 * is the caller's own code.
 *
 * A loop is used by one thread.  It holds no lock, and between two attempts no connection.  Its
 * pool is pinned from start to finish, and whoever starts a loop must finish it.
 */
#include "transaction/retry_loop.h"

#include "base/error.h"

#include <stdio.h>

/* How long after its time limit a body is cut off. */
enum { BODY_EXTRA_MS = 5000 };

void retry_loop_start(struct retry_loop *loop, dsql_pool *pool,
                      const struct transaction_settings *settings)
{
    const struct pool_parts *parts = pool_parts(pool);
    pool_pin(pool);
    *loop = (struct retry_loop){
        .pool = pool,
        .pinned_pool = pool,
        .settings = *settings,
        .logger = parts->logger,
        .clock = parts->clock,
        .start_ms = clock_monotonic_ms(parts->clock),
    };
    backoff_init(&loop->backoff, settings->retry.base_ms, settings->retry.max_ms, parts->random);
}

/* The caller's connection has no pool, so clock and random source are the system's. */
void retry_loop_start_on(struct retry_loop *loop, PGconn *conn,
                         const struct transaction_settings *settings, const struct logger *logger)
{
    *loop = (struct retry_loop){
        .conn = conn,
        .settings = *settings,
        .logger = *logger,
        .clock = clock_system(),
        .start_ms = clock_monotonic_ms(clock_system()),
    };
    backoff_init(&loop->backoff, settings->retry.base_ms, settings->retry.max_ms, random_system());
}

/* ---- Time limit and number of attempts ---- */

/* Never negative, even if a test's clock goes back. */
static int64_t spent_ms(const struct retry_loop *loop)
{
    int64_t spent = clock_monotonic_ms(loop->clock) - loop->start_ms;
    return spent > 0 ? spent : 0;
}

/*
 * A wait that would end after the limit is not begun: the caller gets its error earlier and loses
 * nothing.
 */
static bool has_time_for(const struct retry_loop *loop, int64_t wait_ms)
{
    int timeout_ms = loop->settings.retry.timeout_ms;
    return timeout_ms < 0 || spent_ms(loop) + wait_ms <= timeout_ms;
}

/*
 * The reason of the last attempt stays in the message, after what the library has done.  What the
 * server said stays in the other fields.
 */
static void give_up(struct retry_loop *loop, bool is_for_time)
{
    struct attempt *last = &loop->attempt;
    char limit[80] = "";
    if (is_for_time) {
        snprintf(limit, sizeof limit, "the time limit of %d ms was reached; last error: ",
                 loop->settings.retry.timeout_ms);
    }
    fail_again(&last->reason, last->status, "gave up after %d %s (%lld ms): %s%s", loop->attempts,
               loop->attempts == 1 ? "attempt" : "attempts", (long long)spent_ms(loop), limit,
               last->reason.message);
    loop->state = RETRY_LOOP_OVER;
    if (loop->pool != NULL) {
        pool_count_give_up(loop->pool);
    }
}

/* ---- Between two attempts ---- */

/*
 * Before the wait, always: a pool whose connections sleep with their transactions would be empty.
 */
static void release(struct retry_loop *loop)
{
    if (loop->pool != NULL) {
        dsql_pool_release(loop->pool, loop->attempt.conn);
    }
    loop->attempt.conn = NULL;
}

/*
 * OC001 means that the schema is new to this session; the next attempt loads it.  A second OC001
 * means that the schema keeps changing, so it waits like any conflict.
 */
static int64_t wait_before_next(struct retry_loop *loop)
{
    if (loop->attempt.kind == DSQL_OCC_SCHEMA && !loop->has_retried_new_schema) {
        loop->has_retried_new_schema = true;
        return 0;
    }
    return backoff_next(&loop->backoff);
}

/* The hook runs without a connection and without a lock, so it may use the pool. */
static void report_retry(const struct retry_loop *loop, int64_t wait_ms)
{
    const struct attempt *last = &loop->attempt;
    log_write(&loop->logger, DSQL_LOG_INFO,
              "transaction: attempt %d of %d failed: %s; retrying in %lld ms", loop->attempts,
              loop->settings.retry.max_attempts, last->reason.message, (long long)wait_ms);
    if (loop->settings.on_retry != NULL) {
        const dsql_retry retry = {
            .attempt = loop->attempts,
            .kind = last->kind,
            .wait_ms = (int)wait_ms,
            .reason = &last->reason,
        };
        loop->settings.on_retry(loop->settings.on_retry_arg, &retry);
    }
}

/*
 * The order: first whether there is another attempt at all, then whether its wait fits, and only
 * then is it counted and reported.
 */
static void wait_for_next(struct retry_loop *loop)
{
    if (loop->attempts >= loop->settings.retry.max_attempts) {
        give_up(loop, false);
        return;
    }
    int64_t wait_ms = wait_before_next(loop);
    if (!has_time_for(loop, wait_ms)) {
        give_up(loop, true);
        return;
    }
    if (loop->pool != NULL) {
        pool_count_retry(loop->pool, loop->attempt.kind);
    }
    report_retry(loop, wait_ms);
    clock_sleep_ms(loop->clock, wait_ms);
    loop->state = RETRY_LOOP_READY;
}

/* All other decisions are final. */
static bool is_retry(enum decision decision)
{
    return decision == DECISION_RETRY_CONFLICT || decision == DECISION_RETRY_LOST;
}

/* The connection goes back first.  The decision has been explained in the attempt already. */
void retry_loop_settle(struct retry_loop *loop, enum decision decision)
{
    release(loop);
    if (is_retry(decision)) {
        wait_for_next(loop);
    } else {
        loop->state = RETRY_LOOP_OVER;
    }
}

/* ---- One attempt ---- */

/* The first attempt always starts.  A wait, a hook or the pool may have overrun the limit. */
static bool is_too_late(const struct retry_loop *loop)
{
    return loop->attempts > 0 && !has_time_for(loop, 0);
}

/*
 * How long an attempt may wait for its connection; *is_cut: less than acquire_timeout_ms.  The
 * first attempt gets the pool's usual time, since transaction_timeout_ms limits the retries and
 * not the first attempt.
 */
static int acquire_limit_ms(const struct retry_loop *loop, bool *is_cut)
{
    int usual_ms = pool_parts(loop->pool)->pool.acquire_timeout_ms;
    int limit_ms = loop->settings.retry.timeout_ms;
    *is_cut = false;
    if (loop->attempts == 0 || limit_ms < 0) {
        return usual_ms;
    }
    int64_t left_ms = limit_ms - spent_ms(loop);
    left_ms = left_ms > 0 ? left_ms : 0; /* negative: no limit, for the pool */
    *is_cut = usual_ms < 0 || left_ms < usual_ms;
    return *is_cut ? (int)left_ms : usual_ms;
}

/*
 * A transaction that has lost its connection goes on asking while the server may be back in a
 * moment.  That is not an attempt, since nothing was run.  The pool spaces its connects, so this
 * does not wait by itself.
 */
static bool may_ask_again(const struct retry_loop *loop, const dsql_error *reason)
{
    int timeout_ms = loop->settings.retry.timeout_ms;
    return loop->attempts > 0 && reason->is_transient &&
           (timeout_ms < 0 || spent_ms(loop) < timeout_ms);
}

static PGconn *acquire(const struct retry_loop *loop, bool *is_cut, dsql_error *reason)
{
    PGconn *conn = NULL;
    do {
        conn = pool_acquire_within(loop->pool, acquire_limit_ms(loop, is_cut), loop->settings.place,
                                   reason);
    } while (conn == NULL && may_ask_again(loop, reason));
    return conn;
}

/*
 * False: the time limit was reached while it waited.  The check after acquiring matters: the wait
 * in the pool's queue may have used up the time.
 */
static bool find_connection(struct retry_loop *loop, PGconn **conn, dsql_error *reason)
{
    if (loop->pool == NULL) {
        *conn = loop->conn;
        return true;
    }
    bool is_cut = false;
    *conn = acquire(loop, &is_cut, reason);
    if (*conn == NULL && loop->attempts > 0 && reason->is_transient) {
        loop->attempt.reason = *reason; /* says more than the loss of the last connection */
        loop->attempt.status = reason->status;
        return false;
    }
    if (*conn == NULL) {
        return !is_cut || reason->status != DSQL_ERR_TIMEOUT;
    }
    if (is_too_late(loop)) {
        dsql_pool_release(loop->pool, *conn);
        return false;
    }
    return true;
}

/*
 * A failure to acquire ends the loop: what may pass by itself has been retried.  It counts as an
 * attempt, and its reason is the outcome.
 */
bool retry_loop_take(struct retry_loop *loop)
{
    if (loop->state != RETRY_LOOP_READY) {
        return false;
    }
    dsql_error reason = {0};
    PGconn *conn = NULL;
    if (is_too_late(loop) || !find_connection(loop, &conn, &reason)) {
        give_up(loop, true);
        return false;
    }
    int limit_ms = loop->settings.retry.timeout_ms;
    loop->attempt = (struct attempt){
        .conn = conn,
        .origin = loop->pool != NULL ? ORIGIN_POOL : ORIGIN_CALLER,
        .is_loop_form = loop->is_loop_form,
        .clock = loop->clock,
        .deadline_ms = limit_ms < 0 ? -1 : loop->start_ms + limit_ms,
        .statement_timeout_ms = loop->settings.retry.statement_timeout_ms,
        .status = reason.status,
        .reason = reason,
    };
    loop->attempts++;
    loop->state = conn == NULL ? RETRY_LOOP_OVER : RETRY_LOOP_OPEN;
    return conn != NULL;
}

/*
 * The library does not see when the body sends a statement, so the body as a whole has a limit: the
 * deadline, or the begin of an attempt that begins later, and BODY_EXTRA_MS.  In these what the
 * library sends is cancelled first, and a body that is about to end still does.
 */
static void watch_body(const struct retry_loop *loop)
{
    int64_t limit_ms = loop->attempt.deadline_ms;
    if (loop->pool == NULL || limit_ms < 0) {
        return;
    }
    int64_t now_ms = clock_monotonic_ms(loop->clock);
    pool_watch(loop->pool, loop->attempt.conn,
               (limit_ms > now_ms ? limit_ms : now_ms) + BODY_EXTRA_MS);
}

/*
 * Before COMMIT and ROLLBACK, which have limits of their own.  If the body has closed its
 * connection, another one may have its address.
 */
static void unwatch_body(struct retry_loop *loop)
{
    if (loop->pool != NULL && !loop->attempt.events.is_closed) {
        loop->attempt.is_cut_off = pool_unwatch(loop->pool, loop->attempt.conn);
    }
}

/* BEGIN may fail and be retried as well, so this is a loop. */
PGconn *retry_loop_begin(struct retry_loop *loop)
{
    while (retry_loop_take(loop)) {
        enum decision decision = attempt_begin(&loop->attempt, loop->settings.read_only);
        if (decision == DECISION_CONTINUE) {
            watch_body(loop);
            return loop->attempt.conn;
        }
        retry_loop_settle(loop, decision);
    }
    return NULL;
}

void retry_loop_end_body(struct retry_loop *loop, dsql_status status, const dsql_error *error)
{
    if (loop->state == RETRY_LOOP_OPEN) {
        unwatch_body(loop);
        retry_loop_settle(loop, attempt_end(&loop->attempt, status, error));
    }
}

/*
 * For a body that was left by an exception, by break, or by the end of its thread: nothing of it
 * may be committed.
 */
void retry_loop_abandon(struct retry_loop *loop, dsql_status status, const dsql_error *error)
{
    if (loop->state == RETRY_LOOP_OVER) {
        return;
    }
    if (loop->state == RETRY_LOOP_OPEN) {
        unwatch_body(loop);
        attempt_abandon(&loop->attempt);
        release(loop);
    }
    loop->attempt.status = status;
    loop->attempt.reason = *error;
    loop->state = RETRY_LOOP_OVER;
}

/* May be called again (clean_up() does): the pool is unpinned only once. */
dsql_status retry_loop_finish(struct retry_loop *loop, dsql_error *err)
{
    if (loop->pinned_pool != NULL) {
        pool_unpin(loop->pinned_pool);
        loop->pinned_pool = NULL;
    }
    dsql_status status = loop->attempt.status;
    if (status != DSQL_OK && err != NULL) {
        *err = loop->attempt.reason;
        err->status = status;
    }
    return status;
}
