/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See attempt.h. */
#include "transaction/attempt.h"

#include "base/error.h"
#include "base/text.h"
#include "connect/watch.h"
#include "pool/fitness.h"

static enum cause cause_of(const PGconn *conn)
{
    const struct watch_failure *failure = watch_failure(conn);
    if (failure->sqlstate[0] == '\0') {
        return CAUSE_NONE;
    }
    return failure->occ == DSQL_OCC_NONE ? CAUSE_OTHER : CAUSE_CONFLICT;
}

/*
 * Was it answered by something that does not know either?  Class 08 is the
 * connection's, 57P the server's going down, 40003 says it in so many words, and a
 * PANIC may come after the commit was written.
 */
static bool is_no_answer(const PGconn *conn, const PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (sqlstate == NULL) {
        return PQstatus(conn) != CONNECTION_OK;
    }
    struct text code = text_of(sqlstate);
    struct text severity = text_of(PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED));
    return text_equal_string(severity, "PANIC") || text_starts_with(code, "08") ||
           text_starts_with(code, "57P") || text_equal_string(code, "40003");
}

static enum outcome outcome_of(const PGconn *conn, PGresult *result)
{
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        return is_no_answer(conn, result) ? OUTCOME_LOST : OUTCOME_REFUSED;
    }
    if (text_equal_string(text_of(PQcmdStatus(result)), "ROLLBACK")) {
        return OUTCOME_ROLLED_BACK;
    }
    return OUTCOME_DONE;
}

/* Sends BEGIN or COMMIT; the reason keeps the server's words in case it is needed. */
static enum outcome send(struct attempt *attempt, const char *command)
{
    PGresult *result = PQexec(attempt->conn, command);
    enum outcome outcome = outcome_of(attempt->conn, result);
    attempt->status = dsql_check_clear(attempt->conn, result, &attempt->reason);
    return outcome;
}

/* Looked at closely: what is lost before COMMIT was sent can be tried again, afterwards not. */
static enum outcome outcome_of_open(PGconn *conn)
{
    if (PQpipelineStatus(conn) != PQ_PIPELINE_OFF) {
        return OUTCOME_BUSY;
    }
    return fitness_is_gone(conn) ? OUTCOME_LOST : OUTCOME_OPEN;
}

static enum outcome outcome_of_body(PGconn *conn)
{
    if (PQstatus(conn) != CONNECTION_OK) {
        return OUTCOME_LOST;
    }
    switch (PQtransactionStatus(conn)) {
    case PQTRANS_INTRANS:
        return outcome_of_open(conn);
    case PQTRANS_INERROR:
        return OUTCOME_IN_ERROR;
    case PQTRANS_IDLE:
        return OUTCOME_ENDED;
    case PQTRANS_ACTIVE:
        return OUTCOME_BUSY;
    case PQTRANS_UNKNOWN:
    default:
        return OUTCOME_LOST;
    }
}

/* PQexec() also ends a COPY and waits for results nobody fetched; a pool closes such a connection.
 */
static void roll_back(const struct attempt *attempt)
{
    PGTransactionStatusType status = PQtransactionStatus(attempt->conn);
    bool is_left_to_pool = status == PQTRANS_ACTIVE && attempt->origin == ORIGIN_POOL;
    if (PQstatus(attempt->conn) == CONNECTION_OK && status != PQTRANS_IDLE && !is_left_to_pool) {
        PQclear(PQexec(attempt->conn, "ROLLBACK"));
    }
}

static enum decision decide_now(const struct attempt *attempt, enum phase phase,
                                enum outcome outcome, enum verdict verdict)
{
    return decide(&(struct observation){
        .phase = phase,
        .outcome = outcome,
        .cause = cause_of(attempt->conn),
        .verdict = verdict,
        .origin = attempt->origin,
    });
}

static enum decision run_body(struct attempt *attempt)
{
    attempt->reason = (dsql_error){0};
    attempt->status = attempt->body(attempt->conn, attempt->arg, &attempt->reason);
    if (attempt->status != DSQL_OK && attempt->reason.message[0] == '\0') {
        fail(&attempt->reason, attempt->status, "the transaction's body failed: %s",
             dsql_status_name(attempt->status));
    }
    return decide_now(attempt, PHASE_BODY, outcome_of_body(attempt->conn),
                      attempt->status == DSQL_OK ? VERDICT_OK : VERDICT_FAILED);
}

static void fail_with_server(struct attempt *attempt, dsql_status status, const char *what)
{
    const struct watch_failure *failure = watch_failure(attempt->conn);
    attempt->status = fail(&attempt->reason, status, "%s%s%s", what,
                           failure->message[0] == '\0' ? "" : ": ", failure->message);
    error_set_sqlstate(&attempt->reason, failure->sqlstate);
}

static void fail_lost(struct attempt *attempt, dsql_status status, const char *what)
{
    attempt->status = fail(&attempt->reason, status, "%s: %s", what, PQerrorMessage(attempt->conn));
}

/* Says in status and reason what the decision means to the caller. */
static void explain(struct attempt *attempt, enum decision decision)
{
    switch (decision) {
    case DECISION_RETRY_CONFLICT:
        fail_with_server(attempt, DSQL_ERR_OCC, "conflict with another transaction");
        return;
    case DECISION_HIDDEN:
        fail_with_server(attempt, DSQL_ERR_QUERY,
                         "the transaction's body returned DSQL_OK but hid an error");
        return;
    case DECISION_ROLLED_BACK:
        fail_with_server(attempt, DSQL_ERR_QUERY, "COMMIT rolled the transaction back");
        return;
    case DECISION_UNFINISHED:
        attempt->status = fail(&attempt->reason, DSQL_ERR_USAGE,
                               "the transaction's body left a query, COPY or pipeline unfinished");
        return;
    case DECISION_RETRY_LOST:
    case DECISION_LOST:
        fail_lost(attempt, DSQL_ERR_CONNECT, "connection lost before COMMIT");
        return;
    case DECISION_UNKNOWN:
        fail_lost(attempt, DSQL_ERR_COMMIT_UNKNOWN,
                  "connection lost during COMMIT, which may have happened");
        return;
    case DECISION_GO_ON:
    case DECISION_RETURN_BODY:
    case DECISION_REFUSED:
    default:
        return; /* said where it happened */
    }
}

static enum decision run(struct attempt *attempt)
{
    watch_reset(attempt->conn);
    enum outcome begun = send(attempt, "BEGIN");
    enum decision decision = decide_now(attempt, PHASE_BEGIN, begun, VERDICT_OK);
    if (decision != DECISION_GO_ON) {
        return decision;
    }
    decision = run_body(attempt);
    if (decision != DECISION_GO_ON) {
        return decision;
    }
    enum outcome committed = send(attempt, "COMMIT");
    return decide_now(attempt, PHASE_COMMIT, committed, VERDICT_OK);
}

enum decision attempt_run(struct attempt *attempt)
{
    enum decision decision = run(attempt);
    explain(attempt, decision);
    roll_back(attempt);
    return decision;
}
