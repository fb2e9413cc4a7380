/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place that reads a PGresult for the retry policy.  It must err on the side of
 * "unknown": an error that is wrongly taken for a rollback would be retried, and the work would
 * be done twice.
 */
#include "transaction/result_outcome.h"

#include "base/text.h"
#include "connect/connection_events.h"

/*
 * By what is not a failure, so that a new status of libpq (such as PGRES_TUPLES_CHUNK of 17)
 * counts as a success.
 */
bool result_is_success(const PGresult *result)
{
    switch (PQresultStatus(result)) {
    case PGRES_BAD_RESPONSE:
    case PGRES_NONFATAL_ERROR:
    case PGRES_FATAL_ERROR:
    case PGRES_PIPELINE_ABORTED:
        return false;
    default:
        return true;
    }
}

/*
 * Whether an error leaves open what became of a COMMIT.  Without a SQLSTATE it comes from libpq
 * and not from the server.  Class 08 is about the connection, 57P about a server that shuts down,
 * 40003 is statement_completion_unknown, and a PANIC may come after the commit was written.
 * (PostgreSQL manual, "PostgreSQL Error Codes".)
 */
static bool leaves_outcome_open(const PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    struct text code = text_of(sqlstate);
    struct text severity = text_of(PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED));
    return sqlstate == NULL || text_equal_string(severity, "PANIC") ||
           text_starts_with(code, "08") || text_starts_with(code, "57P") ||
           text_equal_string(code, "40003");
}

/* NULL has the status PGRES_FATAL_ERROR and no SQLSTATE, so it is a lost connection. */
enum outcome result_outcome(PGresult *result)
{
    if (!result_is_success(result)) {
        return leaves_outcome_open(result) ? OUTCOME_CONNECTION_LOST : OUTCOME_ERROR;
    }
    if (text_equal_string(text_of(PQcmdStatus(result)), "ROLLBACK")) {
        return OUTCOME_ROLLED_BACK;
    }
    return OUTCOME_SUCCESS;
}

/*
 * Of the connection, not of one result: the error that broke a transaction is an earlier result
 * than the one at hand.
 */
enum cause result_cause(const PGconn *conn)
{
    const struct transaction_failure *failure = connection_events_failure(conn);
    if (failure->error.sqlstate[0] == '\0') {
        return CAUSE_NONE;
    }
    return failure->occ == DSQL_OCC_NONE ? CAUSE_OTHER : CAUSE_CONFLICT;
}
