/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions that are tried again after a conflict.  One try is attempt.c, what
 * follows from it decide.c; here are the counting, the waiting, and where the
 * connection comes from.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "connect/watch.h"
#include "pool/pool.h"
#include "transaction/attempt.h"
#include "transaction/backoff.h"

/* What all tries of one transaction have in common. */
struct course {
    dsql_pool *pool; /* NULL: conn is the caller's */
    PGconn *conn;    /* NULL: one of the pool for each try */
    dsql_txn_fn body;
    void *arg;
    const struct retry_settings *retry;
    const struct logger *logger;
    const struct clock *clock;
    struct backoff backoff;
    int64_t start_ms;
    int tries;
};

/* A try on a connection that is given back before anybody waits. */
static enum decision try_on_pool(struct course *course, struct attempt *attempt)
{
    attempt->conn = dsql_pool_acquire(course->pool, &attempt->reason);
    if (attempt->conn == NULL) {
        attempt->status = attempt->reason.status;
        return DECISION_REFUSED;
    }
    enum decision decision = attempt_run(attempt);
    dsql_pool_release(course->pool, attempt->conn);
    attempt->conn = NULL;
    return decision;
}

static enum decision try_once(struct course *course, struct attempt *attempt)
{
    *attempt = (struct attempt){
        .conn = course->conn,
        .body = course->body,
        .arg = course->arg,
        .origin = course->pool != NULL ? ORIGIN_POOL : ORIGIN_CALLER,
    };
    course->tries++;
    return course->pool != NULL ? try_on_pool(course, attempt) : attempt_run(attempt);
}

static bool is_retry(enum decision decision)
{
    return decision == DECISION_RETRY_CONFLICT || decision == DECISION_RETRY_LOST;
}

/* False: the next try would start too late, so waiting for it is no use. */
static bool may_wait(const struct course *course, int64_t wait_ms)
{
    if (course->retry->timeout_ms < 0) {
        return true;
    }
    int64_t spent_ms = clock_monotonic_ms(course->clock) - course->start_ms;
    return spent_ms + wait_ms <= course->retry->timeout_ms;
}

static dsql_status give_up(const struct course *course, const struct attempt *attempt,
                           dsql_error *err)
{
    dsql_status status = fail(err, attempt->status, "given up after %d %s: %s", course->tries,
                              course->tries == 1 ? "try" : "tries", attempt->reason.message);
    error_set_sqlstate(err, attempt->reason.sqlstate);
    return status;
}

static void wait_for_next(struct course *course, const struct attempt *attempt,
                          enum decision decision, int64_t wait_ms)
{
    log_write(course->logger, DSQL_LOG_INFO, "transaction: try %d of %d: %s; again in %lld ms",
              course->tries, course->retry->max_attempts, attempt->reason.message,
              (long long)wait_ms);
    if (course->pool != NULL && decision == DECISION_RETRY_CONFLICT) {
        pool_count_occ_retry(course->pool);
    }
    clock_sleep_ms(course->clock, wait_ms);
}

static dsql_status finish(const struct attempt *attempt, dsql_error *err)
{
    if (attempt->status != DSQL_OK && err != NULL) {
        *err = attempt->reason;
        err->status = attempt->status;
    }
    return attempt->status;
}

static dsql_status run_course(struct course *course, dsql_error *err)
{
    course->start_ms = clock_monotonic_ms(course->clock);
    for (;;) {
        struct attempt attempt;
        enum decision decision = try_once(course, &attempt);
        if (!is_retry(decision)) {
            return finish(&attempt, err);
        }
        int64_t wait_ms = backoff_next(&course->backoff);
        if (course->tries >= course->retry->max_attempts || !may_wait(course, wait_ms)) {
            return give_up(course, &attempt, err);
        }
        wait_for_next(course, &attempt, decision, wait_ms);
    }
}

dsql_status dsql_transaction(dsql_pool *pool, dsql_txn_fn fn, void *arg, dsql_error *err)
{
    if (pool == NULL || fn == NULL) {
        return fail(err, DSQL_ERR_USAGE, "dsql_transaction() needs a pool and a function");
    }
    const struct pool_parts *parts = pool_parts(pool);
    struct course course = {
        .pool = pool,
        .body = fn,
        .arg = arg,
        .retry = &parts->retry,
        .logger = &parts->logger,
        .clock = parts->clock,
    };
    backoff_init(&course.backoff, parts->retry.base_ms, parts->retry.max_ms, parts->random);
    return run_course(&course, err);
}

static dsql_status check_connection(PGconn *conn, dsql_error *err)
{
    if (PQstatus(conn) != CONNECTION_OK) {
        return fail(err, DSQL_ERR_CONNECT, "the connection is not open");
    }
    if (PQtransactionStatus(conn) != PQTRANS_IDLE || PQpipelineStatus(conn) != PQ_PIPELINE_OFF) {
        return fail(err, DSQL_ERR_USAGE,
                    "the connection is in a transaction, a query or a pipeline already");
    }
    return watch_attach(conn) ? DSQL_OK : fail_nomem(err);
}

dsql_status dsql_conn_transaction(PGconn *conn, const dsql_options *options, dsql_txn_fn fn,
                                  void *arg, dsql_error *err)
{
    if (conn == NULL || fn == NULL) {
        return fail(err, DSQL_ERR_USAGE,
                    "dsql_conn_transaction() needs a connection and a function");
    }
    struct retry_settings retry;
    struct logger logger;
    dsql_status status = settings_resolve_retry(options, &retry, &logger, err);
    if (status == DSQL_OK) {
        status = check_connection(conn, err);
    }
    if (status != DSQL_OK) {
        return status;
    }
    struct course course = {
        .conn = conn,
        .body = fn,
        .arg = arg,
        .retry = &retry,
        .logger = &logger,
        .clock = clock_system(),
    };
    backoff_init(&course.backoff, retry.base_ms, retry.max_ms, random_system());
    return run_course(&course, err);
}
