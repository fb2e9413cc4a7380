/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop form: the caller drives the retry loop.  DSQL_TRANSACTION in dsql.h is a loop over
 * these functions, whose condition commits.
 */
#include "base/cancellation.h"
#include "base/error.h"
#include "base/memory.h"
#include "transaction/retry_loop.h"

#include <pthread.h>

/*
 * err is always valid.  While the loop runs, *err is where the body reports its failure;
 * afterwards it holds the outcome.
 */
struct dsql_transaction_loop {
    struct retry_loop retry_loop;
    dsql_error *err; /* the caller's, or the one below */
    dsql_error own;
    bool is_reported; /* *err has the outcome, and is the caller's again */
    pthread_t thread; /* has cancellation held off from new to free */
    int callers_cancellation;
};

static dsql_transaction_loop *loop_new(dsql_pool *pool, const dsql_transaction_options *options,
                                       const char *place, dsql_error *err)
{
    if (pool == NULL) {
        fail(err, DSQL_ERR_USAGE, "DSQL_TRANSACTION: pool must not be NULL");
        return NULL;
    }
    struct transaction_settings settings;
    if (transaction_settings_resolve(options, &pool_parts(pool)->retry, &settings, err) !=
        DSQL_OK) {
        return NULL;
    }
    dsql_transaction_loop *loop = mem_new(sizeof *loop);
    if (loop == NULL) {
        fail_nomem(err);
        return NULL;
    }
    transaction_settings_default_place(&settings, place);
    retry_loop_start(&loop->retry_loop, pool, &settings);
    loop->retry_loop.is_loop_form = true;
    loop->err = err != NULL ? err : &loop->own;
    *loop->err = (dsql_error){.status = DSQL_OK};
    return loop;
}

/* Cancellation stays held off for the bodies: see base/cancellation.h. */
dsql_transaction_loop *dsql_transaction_loop_new(dsql_pool *pool,
                                                 const dsql_transaction_options *options,
                                                 const char *place, dsql_error *err)
{
    HOLD_CANCELLATION();
    dsql_transaction_loop *loop = loop_new(pool, options, place, err);
    if (loop != NULL) {
        loop->thread = pthread_self();
        loop->callers_cancellation = callers_cancellation;
        callers_cancellation = cancellation_hold();
    }
    return loop;
}

/* Tells the macro whether the body may run once more.  It changes nothing. */
int dsql_transaction_loop_running(const dsql_transaction_loop *loop)
{
    return loop != NULL && loop->retry_loop.state != RETRY_LOOP_OVER;
}

/* The outcome, which is written to the caller's error the first time only. */
static dsql_status report_outcome(dsql_transaction_loop *loop)
{
    if (!loop->is_reported) {
        loop->is_reported = true;
        *loop->err = (dsql_error){.status = DSQL_OK};
        retry_loop_finish(&loop->retry_loop, loop->err);
    }
    return loop->retry_loop.attempt.status;
}

/* An error that the body left in *err is what a callback would have returned. */
static void end_body(dsql_transaction_loop *loop)
{
    const dsql_error left = *loop->err;
    retry_loop_end_body(&loop->retry_loop, left.status, &left);
}

/*
 * The end of one body and the beginning of the next are one call, because the condition of a loop
 * is the only place between two bodies.  *err is cleared in between, so that an error of one
 * attempt is not taken for one of the next.
 */
PGconn *dsql_transaction_loop_next(dsql_transaction_loop *loop)
{
    HOLD_CANCELLATION();
    if (!dsql_transaction_loop_running(loop)) {
        return NULL;
    }
    end_body(loop);
    *loop->err = (dsql_error){.status = DSQL_OK};
    PGconn *conn = retry_loop_begin(&loop->retry_loop);
    if (conn == NULL) {
        report_outcome(loop);
    }
    return conn;
}

/*
 * A loop that is left by break or return has not decided to commit, so it is rolled back.  The
 * status of a loop that ended by itself is only reported.
 */
dsql_status dsql_transaction_loop_end(dsql_transaction_loop *loop)
{
    HOLD_CANCELLATION();
    if (loop == NULL) {
        return DSQL_ERR_USAGE;
    }
    if (dsql_transaction_loop_running(loop)) {
        dsql_error left = *loop->err;
        if (left.status == DSQL_OK) {
            fail(&left, DSQL_ERR_CALLBACK,
                 "the transaction was rolled back, because the program left its loop");
        }
        retry_loop_abandon(&loop->retry_loop, left.status, &left);
    }
    return report_outcome(loop);
}

/*
 * The cleanup attribute of the macro calls this on every way out of the scope.  A binding may free
 * a loop on another thread, whose state is not this loop's.
 */
void dsql_transaction_loop_free(dsql_transaction_loop *loop)
{
    HOLD_CANCELLATION();
    if (loop != NULL) {
        dsql_transaction_loop_end(loop);
        if (pthread_equal(loop->thread, pthread_self())) {
            callers_cancellation = loop->callers_cancellation;
        }
        mem_free(loop);
    }
}
