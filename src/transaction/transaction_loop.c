/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop form: the engine of course.h, left and resumed by its caller.  DSQL_TRANSACTION
 * in dsql.h is a loop over these functions.
 */
#include "base/error.h"
#include "base/memory.h"
#include "transaction/retry_loop.h"

struct dsql_attempt {
    struct course course;
    dsql_error *err; /* the caller's, or the one below */
    dsql_error own;
    bool is_told; /* the outcome is in *err */
};

dsql_attempt *dsql_attempt_new(dsql_pool *pool, const dsql_transaction_options *options,
                               dsql_error *err)
{
    if (pool == NULL) {
        fail(err, DSQL_ERR_USAGE, "a transaction needs a pool");
        return NULL;
    }
    struct transaction_settings settings;
    if (transaction_settings_resolve(options, &pool_parts(pool)->retry, &settings, err) !=
        DSQL_OK) {
        return NULL;
    }
    dsql_attempt *attempt = mem_new(sizeof *attempt);
    if (attempt == NULL) {
        fail_nomem(err);
        return NULL;
    }
    course_start(&attempt->course, pool, &settings);
    attempt->course.is_loop = true;
    attempt->err = err != NULL ? err : &attempt->own;
    *attempt->err = (dsql_error){.status = DSQL_OK};
    return attempt;
}

int dsql_attempt_running(const dsql_attempt *attempt)
{
    return attempt != NULL && attempt->course.state != COURSE_OVER;
}

/* Once it is over: the outcome, into the caller's error the first time. */
static dsql_status tell_outcome(dsql_attempt *attempt)
{
    if (!attempt->is_told) {
        attempt->is_told = true;
        *attempt->err = (dsql_error){.status = DSQL_OK};
        course_finish(&attempt->course, attempt->err);
    }
    return attempt->course.attempt.status;
}

/* A failure that the body has left in the caller's error is what a callback would return. */
static void end_body(dsql_attempt *attempt)
{
    const dsql_error left = *attempt->err;
    course_end_body(&attempt->course, left.status, &left);
}

PGconn *dsql_attempt_next(dsql_attempt *attempt)
{
    if (!dsql_attempt_running(attempt)) {
        return NULL;
    }
    end_body(attempt);
    *attempt->err = (dsql_error){.status = DSQL_OK};
    PGconn *conn = course_begin(&attempt->course);
    if (conn == NULL) {
        tell_outcome(attempt);
    }
    return conn;
}

dsql_status dsql_attempt_end(dsql_attempt *attempt)
{
    if (attempt == NULL) {
        return DSQL_ERR_USAGE;
    }
    if (dsql_attempt_running(attempt)) {
        dsql_error left = *attempt->err;
        if (left.status == DSQL_OK) {
            fail(&left, DSQL_ERR_CALLBACK, "the transaction was left before its end: rolled back");
        }
        course_abandon(&attempt->course, left.status, &left);
    }
    return tell_outcome(attempt);
}

void dsql_attempt_free(dsql_attempt *attempt)
{
    if (attempt != NULL) {
        dsql_attempt_end(attempt);
        mem_free(attempt);
    }
}
