/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See course.h.  One try is attempt.c, what follows from it decide.c. */
#include "transaction/retry_loop.h"

#include "base/error.h"

#include <stdio.h>
#include <string.h>

void course_start(struct course *course, dsql_pool *pool,
                  const struct transaction_settings *settings)
{
    const struct pool_parts *parts = pool_parts(pool);
    pool_hold(pool);
    *course = (struct course){
        .pool = pool,
        .held = pool,
        .settings = *settings,
        .logger = parts->logger,
        .clock = parts->clock,
        .start_ms = clock_monotonic_ms(parts->clock),
    };
    backoff_init(&course->backoff, settings->retry.base_ms, settings->retry.max_ms, parts->random);
}

void course_start_on(struct course *course, PGconn *conn,
                     const struct transaction_settings *settings, const struct logger *logger)
{
    *course = (struct course){
        .conn = conn,
        .settings = *settings,
        .logger = *logger,
        .clock = clock_system(),
        .start_ms = clock_monotonic_ms(clock_system()),
    };
    backoff_init(&course->backoff, settings->retry.base_ms, settings->retry.max_ms,
                 random_system());
}

/* ---- The budget ---- */

/* A clock that went back has taken nothing away. */
static int64_t spent_ms(const struct course *course)
{
    int64_t spent = clock_monotonic_ms(course->clock) - course->start_ms;
    return spent > 0 ? spent : 0;
}

static bool has_time_for(const struct course *course, int64_t wait_ms)
{
    int timeout_ms = course->settings.retry.timeout_ms;
    return timeout_ms < 0 || spent_ms(course) + wait_ms <= timeout_ms;
}

static const char *plural_of_try(const struct course *course)
{
    return course->tries == 1 ? "try" : "tries";
}

/* The reason of the last try stays, with what the library did about it before. */
static void give_up(struct course *course, bool is_for_time)
{
    struct attempt *last = &course->attempt;
    char sqlstate[sizeof last->reason.sqlstate];
    memcpy(sqlstate, last->reason.sqlstate, sizeof sqlstate);
    char limit[64] = "";
    if (is_for_time) {
        snprintf(limit, sizeof limit, ", as no try may start after %d ms",
                 course->settings.retry.timeout_ms);
    }
    fail(&last->reason, last->status, "given up after %d %s and %lld ms%s: %s", course->tries,
         plural_of_try(course), (long long)spent_ms(course), limit, last->reason.message);
    error_set_sqlstate(&last->reason, sqlstate);
    course->state = COURSE_OVER;
}

/* ---- Between two tries ---- */

static void give_back(struct course *course)
{
    if (course->pool != NULL) {
        dsql_pool_release(course->pool, course->attempt.conn);
    }
    course->attempt.conn = NULL;
}

/* What it collided with was a new schema, which the retry itself has loaded. */
static int64_t wait_before_next(struct course *course)
{
    if (course->attempt.kind == DSQL_OCC_SCHEMA && !course->has_met_new_schema) {
        course->has_met_new_schema = true;
        return 0;
    }
    return backoff_next(&course->backoff);
}

static void tell(const struct course *course, int64_t wait_ms)
{
    const struct attempt *last = &course->attempt;
    log_write(&course->logger, DSQL_LOG_INFO, "transaction: try %d of %d: %s; again in %lld ms",
              course->tries, course->settings.retry.max_attempts, last->reason.message,
              (long long)wait_ms);
    if (course->settings.on_retry != NULL) {
        const dsql_retry retry = {
            .attempt = course->tries,
            .kind = last->kind,
            .wait_ms = (int)wait_ms,
            .reason = &last->reason,
        };
        course->settings.on_retry(course->settings.on_retry_arg, &retry);
    }
}

static void wait_for_next(struct course *course)
{
    if (course->tries >= course->settings.retry.max_attempts) {
        give_up(course, false);
        return;
    }
    int64_t wait_ms = wait_before_next(course);
    if (!has_time_for(course, wait_ms)) {
        give_up(course, true);
        return;
    }
    if (course->pool != NULL && course->attempt.kind != DSQL_OCC_NONE) {
        pool_count_occ_retry(course->pool);
    }
    tell(course, wait_ms);
    clock_sleep_ms(course->clock, wait_ms);
    course->state = COURSE_READY;
}

static bool is_retry(enum decision decision)
{
    return decision == DECISION_RETRY_CONFLICT || decision == DECISION_RETRY_LOST;
}

void course_settle(struct course *course, enum decision decision)
{
    give_back(course);
    if (is_retry(decision)) {
        wait_for_next(course);
    } else {
        course->state = COURSE_OVER;
    }
}

/* ---- A try ---- */

/* The first one always starts; a wait, a hook or the pool may have taken longer than planned. */
static bool is_too_late(const struct course *course)
{
    return course->tries > 0 && !has_time_for(course, 0);
}

/* How long a try may wait for its connection; *is_cut: for less than the pool's options say. */
static int patience_ms(const struct course *course, bool *is_cut)
{
    int usual_ms = pool_parts(course->pool)->pool.acquire_timeout_ms;
    int limit_ms = course->settings.retry.timeout_ms;
    *is_cut = false;
    if (course->tries == 0 || limit_ms < 0) {
        return usual_ms;
    }
    int64_t left_ms = limit_ms - spent_ms(course);
    *is_cut = usual_ms < 0 || left_ms < usual_ms;
    return *is_cut ? (int)left_ms : usual_ms;
}

/* False: the time for another try ran out while it waited. */
static bool find_connection(struct course *course, PGconn **conn, dsql_error *reason)
{
    if (course->pool == NULL) {
        *conn = course->conn;
        return true;
    }
    bool is_cut = false;
    *conn = pool_acquire_within(course->pool, patience_ms(course, &is_cut), reason);
    if (*conn == NULL) {
        return !is_cut || reason->status != DSQL_ERR_TIMEOUT;
    }
    if (is_too_late(course)) {
        dsql_pool_release(course->pool, *conn);
        return false;
    }
    return true;
}

bool course_take(struct course *course)
{
    if (course->state != COURSE_READY) {
        return false;
    }
    dsql_error reason = {0};
    PGconn *conn = NULL;
    if (is_too_late(course) || !find_connection(course, &conn, &reason)) {
        give_up(course, true);
        return false;
    }
    course->attempt = (struct attempt){
        .conn = conn,
        .origin = course->pool != NULL ? ORIGIN_POOL : ORIGIN_CALLER,
        .is_loop = course->is_loop,
        .status = reason.status,
        .reason = reason,
    };
    course->tries++;
    course->state = conn == NULL ? COURSE_OVER : COURSE_OPEN;
    return conn != NULL;
}

PGconn *course_begin(struct course *course)
{
    while (course_take(course)) {
        enum decision decision = attempt_begin(&course->attempt, course->settings.read_only);
        if (decision == DECISION_GO_ON) {
            return course->attempt.conn;
        }
        course_settle(course, decision);
    }
    return NULL;
}

void course_end_body(struct course *course, dsql_status status, const dsql_error *error)
{
    if (course->state == COURSE_OPEN) {
        course_settle(course, attempt_end(&course->attempt, status, error));
    }
}

void course_abandon(struct course *course, dsql_status status, const dsql_error *error)
{
    if (course->state == COURSE_OVER) {
        return;
    }
    if (course->state == COURSE_OPEN) {
        attempt_abandon(&course->attempt);
        give_back(course);
    }
    course->attempt.status = status;
    course->attempt.reason = *error;
    course->state = COURSE_OVER;
}

dsql_status course_finish(struct course *course, dsql_error *err)
{
    if (course->held != NULL) {
        pool_let_go(course->held);
        course->held = NULL;
    }
    dsql_status status = course->attempt.status;
    if (status != DSQL_OK && err != NULL) {
        *err = course->attempt.reason;
        err->status = status;
    }
    return status;
}
