/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The statement is sent in the extended protocol, which rejects several statements in one string
 * and commits at the Sync message after it.  A conflict found there arrives as a second result
 * after the successful one, so the last result counts.
 */
#include "transaction/exec.h"

#include "base/cancellation.h"
#include "base/error.h"
#include "connect/connection_events.h"
#include "connect/libpq_text.h"
#include "pool/health.h"
#include "transaction/result_outcome.h"
#include "transaction/retry_loop.h"
#include "transaction/statement_wait.h"

enum { MAX_PARAMS = 65535 }; /* of the protocol: a 16-bit count */

/* ---- One attempt ---- */

static bool is_copy(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

/* Needs no cause: there was no error of the server. */
static enum decision decide_lost(struct attempt *attempt, enum phase phase, dsql_status status,
                                 const char *what)
{
    char words[LIBPQ_TEXT_SIZE];
    libpq_text_join(text_of(PQerrorMessage(attempt->conn)), words, sizeof words);
    attempt->status =
        fail(&attempt->reason, status, "%s%s%s", what, words[0] == '\0' ? "" : ": ", words);
    return decide(&(struct observation){
        .phase = phase,
        .outcome = OUTCOME_CONNECTION_LOST,
        .cause = CAUSE_NONE,
        .verdict = VERDICT_OK,
        .origin = attempt->origin,
    });
}

/*
 * A query that changes nothing can be repeated, so it is judged like a body.  Any other statement
 * may have been committed before the connection broke.
 */
static enum decision lost_after_sending(struct attempt *attempt, const struct statement *statement)
{
    if (statement->changes_nothing) {
        return decide_lost(attempt, PHASE_BODY, DSQL_ERR_CONNECT,
                           "connection lost while the query ran");
    }
    return decide_lost(attempt, PHASE_STATEMENT, DSQL_ERR_COMMIT_UNKNOWN,
                       "connection lost while the statement ran; it may have been committed");
}

/*
 * The server has cancelled the statement, or has not answered at all.  In the latter case only a
 * query that changes nothing is known not to have been committed.
 */
static enum decision decide_late(struct attempt *attempt, const struct statement *statement,
                                 const struct statement_wait *wait)
{
    bool is_unknown = wait->exchange.is_cut && !statement->changes_nothing;
    attempt->status = statement_wait_fail(
        wait, is_unknown ? DSQL_ERR_COMMIT_UNKNOWN : DSQL_ERR_TIMEOUT, &attempt->reason);
    return decide(&(struct observation){
        .phase = PHASE_STATEMENT,
        .outcome = is_unknown ? OUTCOME_CONNECTION_LOST : OUTCOME_LATE,
        .cause = CAUSE_NONE,
        .verdict = VERDICT_OK,
        .origin = attempt->origin,
    });
}

/*
 * The statement has been sent.  What it has begun is undone when the connection goes back to the
 * pool.
 */
static enum decision reject(struct attempt *attempt, const char *what)
{
    attempt->status = fail(&attempt->reason, DSQL_ERR_USAGE, "%s", what);
    return DECISION_RETURN_ERROR;
}

/* Rejects a statement that needs the connection after it has run. */
static enum decision check_is_over(struct attempt *attempt, const PGresult *result)
{
    if (is_copy(result)) {
        return reject(attempt, "dsql_exec() cannot run COPY; use dsql_pool_acquire()");
    }
    if (PQtransactionStatus(attempt->conn) != PQTRANS_IDLE) {
        return reject(attempt, "the statement began a transaction block; use dsql_transaction()");
    }
    return DECISION_CONTINUE;
}

/* Does not free the result, which the caller may still return. */
static enum decision judge(struct attempt *attempt, const struct statement *statement,
                           PGresult *result)
{
    enum outcome outcome = result_outcome(result);
    if (outcome == OUTCOME_CONNECTION_LOST) {
        return lost_after_sending(attempt, statement);
    }
    attempt->status = dsql_check(attempt->conn, result, &attempt->reason);
    enum decision decision = decide(&(struct observation){
        .phase = PHASE_STATEMENT,
        .outcome = outcome,
        .cause = result_cause(attempt->conn),
        .verdict = VERDICT_OK,
        .origin = attempt->origin,
    });
    if (decision == DECISION_RETRY_CONFLICT) {
        attempt->kind = connection_events_failure(attempt->conn)->occ;
    }
    return decision == DECISION_CONTINUE ? check_is_over(attempt, result) : decision;
}

static PGresult *run(struct statement_wait *wait, const struct statement *statement, bool *is_sent)
{
    return statement_wait_run(wait, statement->sql, statement->param_count, statement->params,
                              is_sent);
}

/*
 * The last moment at which a loss is harmless is checked first.  If PQsendQueryParams() fails and
 * the connection is still good, the call itself was wrong (a NULL in sql, say) and a retry would
 * not help.
 */
static enum decision send_and_judge(struct attempt *attempt, const struct statement *statement,
                                    PGresult **out)
{
    PGconn *conn = attempt->conn;
    connection_events_reset(conn);
    if (health_is_lost(conn)) {
        return decide_lost(attempt, PHASE_BEGIN, DSQL_ERR_CONNECT,
                           "connection lost before the statement was sent");
    }
    const struct statement_limits limits = attempt_limits(attempt);
    struct statement_wait wait = statement_wait_start(conn, &limits);
    bool is_sent = false;
    PGresult *result = run(&wait, statement, &is_sent);
    if (!is_sent && PQstatus(conn) == CONNECTION_OK) {
        attempt->status = dsql_check(conn, NULL, &attempt->reason);
        return DECISION_RETURN_ERROR;
    }
    enum decision decision = statement_wait_has_failed(&wait, result)
                                 ? decide_late(attempt, statement, &wait)
                                 : judge(attempt, statement, result);
    if (decision == DECISION_CONTINUE) {
        *out = result;
    } else {
        PQclear(result);
    }
    return decision;
}

/* ---- All attempts ---- */

/* A result exists only after the last attempt: send_and_judge() frees all others. */
static PGresult *exec_alone(struct retry_loop *loop, const struct statement *statement)
{
    PGresult *result = NULL;
    while (retry_loop_take(loop)) {
        retry_loop_settle(loop, send_and_judge(&loop->attempt, statement, &result));
    }
    return result;
}

/*
 * READ ONLY is a property of a transaction block, so the statement needs one around it.  The
 * result of an attempt that is repeated is freed at the beginning of the next.
 */
static PGresult *exec_read_only(struct retry_loop *loop, const struct statement *statement)
{
    PGresult *result = NULL;
    PGconn *conn = retry_loop_begin(loop);
    while (conn != NULL) {
        PQclear(result);
        struct body_events *events = &loop->attempt.events;
        struct statement_wait wait = statement_wait_start(conn, &events->limits);
        bool is_sent = false;
        result = run(&wait, statement, &is_sent);
        events->is_late = statement_wait_has_failed(&wait, result);
        dsql_error reason = {0};
        dsql_status status = events->is_late ? statement_wait_fail(&wait, DSQL_ERR_TIMEOUT, &reason)
                                             : dsql_check(conn, result, &reason);
        retry_loop_end_body(loop, status, &reason);
        conn = retry_loop_begin(loop);
    }
    return result;
}

/*
 * A result that was read before a later failure is not returned: its transaction is not known to
 * be committed.
 */
PGresult *exec_statement(dsql_pool *pool, const struct transaction_settings *settings,
                         const struct statement *statement, dsql_error *err)
{
    struct retry_loop loop;
    retry_loop_start(&loop, pool, settings);
    PGresult *result =
        settings->read_only ? exec_read_only(&loop, statement) : exec_alone(&loop, statement);
    if (retry_loop_finish(&loop, err) != DSQL_OK) {
        PQclear(result);
        return NULL;
    }
    return result;
}

static dsql_status check_arguments(const dsql_pool *pool, const struct statement *statement,
                                   dsql_error *err)
{
    if (pool == NULL || statement->sql == NULL) {
        return fail(err, DSQL_ERR_USAGE, "dsql_exec(): pool and sql must not be NULL");
    }
    if (statement->param_count < 0 || statement->param_count > MAX_PARAMS) {
        return fail(err, DSQL_ERR_USAGE, "dsql_exec(): param_count is %d; it must be from 0 to %d",
                    statement->param_count, MAX_PARAMS);
    }
    if (statement->param_count > 0 && statement->params == NULL) {
        return fail(err, DSQL_ERR_USAGE, "dsql_exec(): param_count is %d, but params is NULL",

                    statement->param_count);
    }
    return DSQL_OK;
}

PGresult *dsql_exec_with(dsql_pool *pool, const dsql_transaction_options *options, const char *sql,
                         int param_count, const char *const *params, dsql_error *err)
{
    HOLD_CANCELLATION();
    const struct statement statement = {
        .sql = sql,
        .param_count = param_count,
        .params = params,
    };
    struct transaction_settings settings;
    if (check_arguments(pool, &statement, err) != DSQL_OK ||
        transaction_settings_resolve(options, &pool_parts(pool)->retry, &settings, err) !=
            DSQL_OK) {
        return NULL;
    }
    transaction_settings_default_place(&settings, "dsql_exec()");
    return exec_statement(pool, &settings, &statement, err);
}

PGresult *dsql_exec(dsql_pool *pool, const char *sql, int param_count, const char *const *params,
                    dsql_error *err)
{
    return dsql_exec_with(pool, NULL, sql, param_count, params, err);
}
