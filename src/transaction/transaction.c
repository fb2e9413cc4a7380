/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The callback form: runs a function between BEGIN and COMMIT, once for each attempt.
 *
 * The body may be left without returning: by a C++ exception, by pthread_exit(), or by the
 * cancellation of the thread if the body has enabled it.  Then the transaction is rolled back and
 * the connection released.  An exception finds the cleanup attribute, as this file is compiled
 * with -fexceptions.  The other two find the handler of pthread_cleanup_push(), which does not
 * depend on unwinding; musl does not unwind.
 */
#include "transaction/transaction.h"

#include "base/cancellation.h"
#include "base/error.h"
#include "connect/connection_events.h"
#include "transaction/retry_loop.h"

#include <pthread.h>

/*
 * Also runs after drive() has finished; then it does nothing.  The error has no text: nobody
 * reads it, since the exception is the caller's news.
 */
static void clean_up(struct retry_loop *loop)
{
    HOLD_CANCELLATION();
    dsql_error unwound = {.status = DSQL_ERR_CALLBACK};
    retry_loop_abandon(loop, unwound.status, &unwound);
    retry_loop_finish(loop, NULL);
}

/*
 * Whatever the body returns goes through retry_loop_end_body(), which decides; there is no other
 * way from the body to COMMIT.
 */
static dsql_status drive(struct retry_loop *loop, dsql_txn_fn body, void *arg, dsql_error *err)
{
    PGconn *conn = retry_loop_begin(loop);
    while (conn != NULL) {
        dsql_error reason = {0};
        dsql_status status = body(conn, arg, &reason);
        retry_loop_end_body(loop, status, &reason);
        conn = retry_loop_begin(loop);
    }
    return retry_loop_finish(loop, err);
}

static void clean_up_thread(void *loop)
{
    clean_up(loop);
}

static dsql_status drive_protected(struct retry_loop *loop, dsql_txn_fn body, void *arg,
                                   dsql_error *err)
{
    dsql_status status = DSQL_OK;
    pthread_cleanup_push(clean_up_thread, loop);
    status = drive(loop, body, arg, err);
    pthread_cleanup_pop(0);
    return status;
}

/* The loop is on the stack and has a cleanup, so that unwinding from the body finds it. */
dsql_status transaction_run(dsql_pool *pool, const struct transaction_settings *settings,
                            dsql_txn_fn body, void *arg, dsql_error *err)
{
    struct retry_loop loop __attribute__((cleanup(clean_up)));
    retry_loop_start(&loop, pool, settings);
    return drive_protected(&loop, body, arg, err);
}

/* ---- On connections of a pool ---- */

dsql_status dsql_transaction_with(dsql_pool *pool, const dsql_transaction_options *options,
                                  dsql_txn_fn fn, void *arg, dsql_error *err)
{
    HOLD_CANCELLATION();
    if (pool == NULL || fn == NULL) {
        return fail(err, DSQL_ERR_USAGE, "dsql_transaction(): pool and fn must not be NULL");
    }
    struct transaction_settings settings;
    dsql_status status =
        transaction_settings_resolve(options, &pool_parts(pool)->retry, &settings, err);
    if (status != DSQL_OK) {
        return status;
    }
    transaction_settings_default_place(&settings, "dsql_transaction()");
    return transaction_run(pool, &settings, fn, arg, err);
}

dsql_status dsql_transaction(dsql_pool *pool, dsql_txn_fn fn, void *arg, dsql_error *err)
{
    return dsql_transaction_with(pool, NULL, fn, arg, err);
}

/* ---- On the caller's connection ---- */

/*
 * A transaction that is already open would become part of this one, and its retry would lose the
 * caller's earlier statements.
 */
static dsql_status check_connection(PGconn *conn, dsql_error *err)
{
    if (PQstatus(conn) != CONNECTION_OK) {
        return fail(err, DSQL_ERR_CONNECT, "the connection is not open");
    }
    if (PQtransactionStatus(conn) != PQTRANS_IDLE || PQpipelineStatus(conn) != PQ_PIPELINE_OFF) {
        return fail(err, DSQL_ERR_USAGE,
                    "the connection is already in a transaction, a query or a pipeline; continue "
                    "that transaction or use another connection");
    }
    return connection_events_attach(conn) ? DSQL_OK : fail_nomem(err);
}

static dsql_status run_on(PGconn *conn, const struct transaction_settings *settings,
                          const struct logger *logger, dsql_txn_fn body, void *arg, dsql_error *err)
{
    struct retry_loop loop __attribute__((cleanup(clean_up)));
    retry_loop_start_on(&loop, conn, settings, logger);
    return drive_protected(&loop, body, arg, err);
}

/* The options are read for their retry settings and logger only: the connection is open already. */
dsql_status dsql_conn_transaction(PGconn *conn, const dsql_options *options, dsql_txn_fn fn,
                                  void *arg, dsql_error *err)
{
    HOLD_CANCELLATION();
    if (conn == NULL || fn == NULL) {
        return fail(err, DSQL_ERR_USAGE, "dsql_conn_transaction(): conn and fn must not be NULL");
    }
    struct transaction_settings settings = {.read_only = false};
    struct logger logger;
    dsql_status status = settings_resolve_retry(options, &settings.retry, &logger, err);
    if (status == DSQL_OK) {
        status = check_connection(conn, err);
    }
    return status == DSQL_OK ? run_on(conn, &settings, &logger, fn, arg, err) : status;
}
