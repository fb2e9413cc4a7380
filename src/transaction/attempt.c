/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs BEGIN, hands over to the body, looks at what the body left, and sends COMMIT or ROLLBACK.
 * Each step ends with an observation for decide(); this file contains no rule of its own about
 * what is retried.
 *
 * The source of truth is the server and not the body: libpq's events and the state of the
 * connection say what happened, whatever the body returned.  The connection belongs to the retry
 * loop, or to the caller of dsql_conn_transaction().
 */
#include "transaction/attempt.h"

#include "base/error.h"
#include "connect/connection_events.h"
#include "connect/exchange.h"
#include "connect/libpq_text.h"
#include "pool/health.h"
#include "transaction/result_outcome.h"

/* As long as a pool waits for the ROLLBACK of a connection that is released. */
enum { ANSWER_MS = 5000 };

/* ---- Waiting for the server ---- */

struct statement_limits attempt_limits(const struct attempt *attempt)
{
    return (struct statement_limits){.clock = attempt->clock,
                                     .deadline_ms = attempt->deadline_ms,
                                     .timeout_ms = attempt->statement_timeout_ms};
}

/*
 * The time limit of the transaction, but never less than ANSWER_MS from now: a body that took long
 * must still be able to commit.
 */
static int64_t answer_deadline_ms(const struct attempt *attempt)
{
    if (attempt->deadline_ms < 0) {
        return -1;
    }
    int64_t soonest_ms = clock_monotonic_ms(attempt->clock) + ANSWER_MS;
    return attempt->deadline_ms > soonest_ms ? attempt->deadline_ms : soonest_ms;
}

/*
 * The one place that sends a command of the library's own.  After a missing answer the connection
 * is lost, as after any other silence of the network.
 */
static PGresult *run(struct attempt *attempt, const char *command, int64_t deadline_ms)
{
    bool is_late = false;
    PGresult *result =
        exchange_command(attempt->conn, command, attempt->clock, deadline_ms, &is_late);
    attempt->is_late = attempt->is_late || is_late;
    return result;
}

/* ---- Observing ---- */

/* Compares the command tag: the result of some other command must not pass for a COMMIT. */
static bool is_answer_to(struct text command, PGresult *result)
{
    struct text word;
    struct text options;
    text_cut(command, ' ', &word, &options);
    return text_equal(text_of(PQcmdStatus(result)), word);
}

/*
 * Sends BEGIN or COMMIT.  The reason keeps the server's message in case it is needed.  An answer
 * to something else is treated like no answer: nothing is known about the transaction then.
 */
static enum outcome send(struct attempt *attempt, const char *command)
{
    PGresult *result = run(attempt, command, answer_deadline_ms(attempt));
    enum outcome outcome = result_outcome(result);
    if (outcome == OUTCOME_SUCCESS && !is_answer_to(text_of(command), result)) {
        outcome = OUTCOME_CONNECTION_LOST;
    }
    attempt->status = dsql_check_clear(attempt->conn, result, &attempt->reason);
    return outcome;
}

/*
 * Peeks at the socket: a connection lost before COMMIT is sent can be retried, later it cannot.
 * In pipeline mode PQexec() fails, so no COMMIT could be sent.
 */
static enum outcome outcome_of_open(PGconn *conn)
{
    if (PQpipelineStatus(conn) != PQ_PIPELINE_OFF) {
        return OUTCOME_BODY_BUSY;
    }
    return health_is_lost(conn) ? OUTCOME_CONNECTION_LOST : OUTCOME_IN_TRANSACTION;
}

/*
 * The body ended the transaction itself.  A statement that failed after its COMMIT ran in another
 * transaction, implicit or begun by the body.
 */
static enum outcome outcome_of_ended(const struct body_events *events)
{
    if (!events->has_committed) {
        return OUTCOME_BODY_ROLLED_BACK;
    }
    return events->has_failed ? OUTCOME_BODY_PARTLY_COMMITTED : OUTCOME_BODY_COMMITTED;
}

/*
 * The order is that of certainty: the connection is gone, it was reset (a new session, in which
 * nothing of the transaction is left), and only then its state.
 */
static enum outcome outcome_by_state(const struct attempt *attempt)
{
    if (attempt->conn == NULL) {
        return OUTCOME_BODY_CLOSED;
    }
    if (attempt->events.is_reset || PQstatus(attempt->conn) != CONNECTION_OK) {
        return OUTCOME_CONNECTION_LOST;
    }
    switch (PQtransactionStatus(attempt->conn)) {
    case PQTRANS_INTRANS:
        return outcome_of_open(attempt->conn);
    case PQTRANS_INERROR:
        return OUTCOME_IN_FAILED_TRANSACTION;
    case PQTRANS_IDLE:
        return outcome_of_ended(&attempt->events);
    case PQTRANS_ACTIVE:
        return OUTCOME_BODY_BUSY;
    case PQTRANS_UNKNOWN:
    default:
        return OUTCOME_CONNECTION_LOST;
    }
}

/*
 * A transaction that a time limit has ended.  A body that has ended it before, or that went on
 * after a savepoint, was not affected.
 */
static enum outcome outcome_of_body(const struct attempt *attempt)
{
    enum outcome outcome = outcome_by_state(attempt);
    int affected = attempt->events.is_late || attempt->is_cut_off
                       ? OUTCOME_IN_FAILED_TRANSACTION | OUTCOME_CONNECTION_LOST
                       : 0;
    if (attempt->is_cut_off) {
        affected |= OUTCOME_IN_TRANSACTION | OUTCOME_BODY_BUSY;
    }
    return ((int)outcome & affected) != 0 ? OUTCOME_LATE : outcome;
}

/*
 * The cause comes from the events and not from the last result, because the body may have sent a
 * ROLLBACK since.
 */
static enum decision decide_now(const struct attempt *attempt, enum phase phase,
                                enum outcome outcome, enum verdict verdict)
{
    return decide(&(struct observation){
        .phase = phase,
        .outcome = outcome,
        .cause = attempt->conn == NULL ? CAUSE_NONE : result_cause(attempt->conn),
        .verdict = verdict,
        .origin = attempt->origin,
        .has_committed = attempt->events.has_committed,
    });
}

/* ---- Reporting ---- */

/* All that the server said stays in the reason, for a body that did not look at its results. */
static void fail_with_server(struct attempt *attempt, dsql_status status, const char *what)
{
    attempt->reason = connection_events_failure(attempt->conn)->error;
    attempt->status =
        fail_again(&attempt->reason, status, "%s%s%s", what,
                   attempt->reason.message[0] == '\0' ? "" : ": ", attempt->reason.message);
}

/*
 * libpq's text is gone when the server reported the loss and the connection still works; then the
 * server's stands in the reason.
 */
static void fail_lost(struct attempt *attempt, dsql_status status, const char *what)
{
    char words[LIBPQ_TEXT_SIZE];
    libpq_text_join(text_of(PQerrorMessage(attempt->conn)), words, sizeof words);
    const char *why = words[0] != '\0' ? words : attempt->reason.message;
    attempt->status =
        fail(&attempt->reason, status, "%s%s%s", what, why[0] == '\0' ? "" : ": ", why);
}

/* A body of the library's own has said more, unless it has only seen that its connection ended. */
static void fail_late_body(struct attempt *attempt)
{
    if (attempt->is_cut_off) {
        fail(&attempt->reason, DSQL_ERR_TIMEOUT,
             "the transaction's body had not ended 5 s after its time limit "
             "(transaction_timeout_ms), so its connection was closed before COMMIT");
    } else if (attempt->reason.status != DSQL_ERR_TIMEOUT) {
        fail(
            &attempt->reason, DSQL_ERR_TIMEOUT,
            "the server did not answer a statement of the transaction in time; it was rolled back");
    }
    attempt->status = DSQL_ERR_TIMEOUT;
}

/* Libpq has only seen the connection end, which the library did itself. */
static void fail_late(struct attempt *attempt, dsql_status status, const char *what)
{
    attempt->status = fail(&attempt->reason, status, "%s", what);
}

/* Nothing was committed: COMMIT was not sent, or there was nothing to commit. */
static void explain_lost(struct attempt *attempt)
{
    if (attempt->is_late) {
        fail_late(attempt, DSQL_ERR_TIMEOUT,
                  attempt->is_committing
                      ? "the server did not answer COMMIT of a read-only transaction in time"
                      : "the server did not answer BEGIN in time; the connection was closed");
        return;
    }
    fail_lost(attempt, DSQL_ERR_CONNECT,
              attempt->is_committing ? "connection lost during COMMIT of a read-only transaction"
                                     : "connection lost before COMMIT");
}

/*
 * In the loop form the body returns nothing, so it must not be accused of having returned
 * DSQL_OK.
 */
static const char *hidden_error_text(const struct attempt *attempt)
{
    return attempt->is_loop_form
               ? "a statement of the transaction failed"
               : "the transaction's body returned DSQL_OK although a statement failed";
}

/*
 * Sets status and reason to what the decision means for the caller.  One text for each decision
 * that ends an attempt with an error.  The last group needs none: it succeeded, or has its error
 * already.
 */
static void explain(struct attempt *attempt, enum decision decision)
{
    switch (decision) {
    case DECISION_RETRY_CONFLICT:
        fail_with_server(attempt, DSQL_ERR_OCC, "conflict with another transaction");
        attempt->kind = connection_events_failure(attempt->conn)->occ;
        return;
    case DECISION_HIDDEN_ERROR:
        fail_with_server(attempt, DSQL_ERR_QUERY, hidden_error_text(attempt));
        return;
    case DECISION_BODY_ROLLED_BACK:
        fail_with_server(attempt, DSQL_ERR_QUERY,
                         "the transaction's body rolled back, so nothing was committed");
        return;
    case DECISION_COMMIT_ROLLED_BACK:
        fail_with_server(attempt, DSQL_ERR_QUERY, "COMMIT rolled the transaction back");
        return;
    case DECISION_BODY_BUSY:
        attempt->status = fail(&attempt->reason, DSQL_ERR_USAGE,
                               "the transaction's body left a query, COPY or pipeline unfinished");
        return;
    case DECISION_BODY_CLOSED:
        attempt->status =
            fail(&attempt->reason, DSQL_ERR_USAGE, "the transaction's body closed its connection");
        return;
    case DECISION_PARTLY_COMMITTED:
        fail_with_server(attempt, DSQL_ERR_USAGE,
                         "the transaction's body sent a COMMIT of its own, and the work after it "
                         "failed; it is not retried, because the first part is committed");
        return;
    case DECISION_LATE:
        fail_late_body(attempt);
        return;
    case DECISION_RETRY_LOST:
    case DECISION_CONNECTION_LOST:
        explain_lost(attempt);
        return;
    case DECISION_COMMIT_UNKNOWN:
        if (attempt->is_late) {
            fail_late(attempt, DSQL_ERR_COMMIT_UNKNOWN,
                      "the server did not answer COMMIT in time; the transaction may have been "
                      "committed");
            return;
        }
        fail_lost(attempt, DSQL_ERR_COMMIT_UNKNOWN,
                  "connection lost during COMMIT; the transaction may have been committed");
        return;
    case DECISION_CONTINUE:
    case DECISION_RETURN_BODY:
    case DECISION_RETURN_ERROR:
    default:
        return; /* reported where it happened */
    }
}

/* ---- Begin and end ---- */

/*
 * A COPY or unread results may take any time to end.  A pool closes such a connection instead.  On
 * the caller's own they are ended, in the same time as a ROLLBACK.
 */
static bool end_query(const struct attempt *attempt, int64_t deadline_ms)
{
    struct exchange exchange = {.conn = attempt->conn,
                                .clock = attempt->clock,
                                .deadline_ms = deadline_ms,
                                .may_cancel = true};
    bool is_ended = exchange_begin(&exchange) && exchange_discard(&exchange);
    return exchange_end(&exchange) && is_ended;
}

static void roll_back(struct attempt *attempt)
{
    if (PQstatus(attempt->conn) != CONNECTION_OK ||
        PQpipelineStatus(attempt->conn) != PQ_PIPELINE_OFF) {
        return;
    }
    int64_t deadline_ms = clock_monotonic_ms(attempt->clock) + ANSWER_MS;
    switch (PQtransactionStatus(attempt->conn)) {
    case PQTRANS_INTRANS:
    case PQTRANS_INERROR:
        PQclear(run(attempt, "ROLLBACK", deadline_ms));
        return;
    case PQTRANS_ACTIVE:
        if (attempt->origin == ORIGIN_CALLER && end_query(attempt, deadline_ms)) {
            PQclear(run(attempt, "ROLLBACK", deadline_ms + ANSWER_MS));
        }
        return;
    case PQTRANS_IDLE:
    case PQTRANS_UNKNOWN:
    default:
        return;
    }
}

/*
 * After it the connection has no transaction and no pointer to this struct, unless it is busy or
 * lost.  Then the pool closes it.
 */
void attempt_abandon(struct attempt *attempt)
{
    if (attempt->events.is_closed) {
        attempt->conn = NULL;
    }
    if (attempt->conn != NULL) {
        roll_back(attempt);
        body_events_detach(attempt->conn);
    }
}

static enum decision end_with(struct attempt *attempt, enum decision decision)
{
    explain(attempt, decision);
    attempt_abandon(attempt); /* after a COMMIT there is nothing to roll back */
    return decision;
}

/*
 * The events are attached for this attempt only: the struct is part of the attempt, which is gone
 * when the connection is used again.
 */
enum decision attempt_begin(struct attempt *attempt, bool read_only)
{
    attempt->events.limits = attempt_limits(attempt);
    if (!body_events_attach(attempt->conn, &attempt->events)) {
        attempt->status = fail_nomem(&attempt->reason);
        return DECISION_RETURN_ERROR;
    }
    connection_events_reset(attempt->conn);
    attempt->is_read_only = read_only;
    enum outcome begun = send(attempt, read_only ? "BEGIN READ ONLY" : "BEGIN");
    enum decision decision = decide_now(attempt, PHASE_BEGIN, begun, VERDICT_OK);
    return decision == DECISION_CONTINUE ? decision : end_with(attempt, decision);
}

/*
 * A body may return a status and no message, so there is always a text.  The status that was
 * returned counts, not the one in the error.
 */
static void keep_verdict(struct attempt *attempt, dsql_status status, const dsql_error *error)
{
    attempt->status = status;
    if (status == DSQL_OK) {
        return;
    }
    if (error == NULL || error->message[0] == '\0') {
        fail(&attempt->reason, status, "the transaction's body failed: %s",
             dsql_status_name(status));
        return;
    }
    attempt->reason = *error;
    attempt->reason.status = status;
}

/*
 * The server rejects every write between BEGIN READ ONLY and COMMIT, whatever a function does.  The
 * text of the statements is not looked at, because a SELECT can call a function that writes.
 */
static bool has_nothing_to_commit(const struct attempt *attempt)
{
    return attempt->is_read_only && !attempt->events.may_have_changed_mode;
}

/*
 * COMMIT is sent only from OUTCOME_IN_TRANSACTION with VERDICT_OK: no other row for PHASE_BODY
 * continues.
 */
enum decision attempt_end(struct attempt *attempt, dsql_status status, const dsql_error *error)
{
    if (attempt->events.is_closed) {
        attempt->conn = NULL;
    }
    keep_verdict(attempt, status, error);
    enum decision decision = decide_now(attempt, PHASE_BODY, outcome_of_body(attempt),
                                        status == DSQL_OK ? VERDICT_OK : VERDICT_FAILED);
    if (decision != DECISION_CONTINUE) {
        return end_with(attempt, decision);
    }
    enum phase phase = has_nothing_to_commit(attempt) ? PHASE_COMMIT_READ_ONLY : PHASE_COMMIT;
    attempt->is_committing = true;
    enum outcome committed = send(attempt, "COMMIT");
    return end_with(attempt, decide_now(attempt, phase, committed, VERDICT_OK));
}
