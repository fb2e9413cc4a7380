/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dsql_check() and dsql_check_clear(): a libpq result becomes a dsql_error.  A conflict is a
 * status of its own (DSQL_ERR_OCC), so that a caller can decide about a retry without comparing
 * codes.  The texts are the server's, unchanged: the primary message, the DETAIL of a conflict,
 * and the HINT.
 */
#include "base/error.h"
#include "base/text.h"
#include "connect/connection_events.h"

#include <stdbool.h>

/* PGRES_NONFATAL_ERROR never reaches a caller of PQgetResult(). */
static bool is_success(ExecStatusType status)
{
    return status != PGRES_BAD_RESPONSE && status != PGRES_FATAL_ERROR &&
           status != PGRES_NONFATAL_ERROR && status != PGRES_PIPELINE_ABORTED;
}

/*
 * PQgetResult() returns NULL when there is nothing to return; after PQexec() it means that memory
 * ran out or the connection broke.
 */
static dsql_status fail_without_result(const PGconn *conn, dsql_error *err)
{
    const char *message = PQerrorMessage(conn);
    if (PQstatus(conn) == CONNECTION_BAD) {
        return fail(err, DSQL_ERR_CONNECT, "the connection was lost: %s", message);
    }
    return fail(err, DSQL_ERR_QUERY, "no result: %s", message);
}

/* A DETAIL is a sentence with a full stop, but more text may follow it here. */
static struct text without_stop(const char *words)
{
    struct text text = text_of(words);
    return text_ends_with(text, ".") ? text_slice(text, 0, text.len - 1) : text;
}

/*
 * An error without SQLSTATE is libpq's own.  It is a lost connection only if libpq says so;
 * otherwise it is a mistake in the call, such as a wrong number of parameters.
 */
dsql_status dsql_check(PGconn *conn, const PGresult *res, dsql_error *err)
{
    if (res == NULL) {
        return fail_without_result(conn, err);
    }
    if (is_success(PQresultStatus(res))) {
        return DSQL_OK;
    }
    const char *sqlstate = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    if (sqlstate == NULL && PQstatus(conn) == CONNECTION_BAD) {
        return fail(err, DSQL_ERR_CONNECT, "the connection was lost: %s",
                    PQresultErrorMessage(res));
    }
    const char *primary = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    const char *hint = PQresultErrorField(res, PG_DIAG_MESSAGE_HINT);
    dsql_status status = dsql_result_occ(res) == DSQL_OCC_NONE ? DSQL_ERR_QUERY : DSQL_ERR_OCC;
    struct text detail = without_stop(conflict_detail(res));
    fail(err, status, "%s%s%.*s%s%s", primary == NULL ? PQresultErrorMessage(res) : primary,
         text_is_empty(detail) ? "" : ": ", (int)detail.len, detail.data,
         hint == NULL ? "" : "; hint: ", hint == NULL ? "" : hint);
    error_set_sqlstate(err, sqlstate);
    return status;
}

dsql_status dsql_check_clear(PGconn *conn, PGresult *res, dsql_error *err)
{
    dsql_status status = dsql_check(conn, res, err);
    PQclear(res);
    return status;
}
