/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dsql_check() and dsql_check_clear(): a libpq result becomes a dsql_error.  A conflict is a
 * status of its own (DSQL_ERR_OCC), so that a caller can decide about a retry without comparing
 * codes.  DSQL_ERR_QUERY is only what the server rejected; libpq's own failures have other
 * statuses.
 */
#include "base/error.h"
#include "base/text.h"
#include "connect/libpq_text.h"
#include "connect/server_error.h"

#include <stdbool.h>

/* PGRES_NONFATAL_ERROR never reaches a caller of PQgetResult(). */
static bool is_success(ExecStatusType status)
{
    return status != PGRES_BAD_RESPONSE && status != PGRES_FATAL_ERROR &&
           status != PGRES_NONFATAL_ERROR && status != PGRES_PIPELINE_ABORTED;
}

static dsql_status fail_lost(const char *words, dsql_error *err)
{
    char text[LIBPQ_TEXT_SIZE];
    libpq_text_join(text_of(words), text, sizeof text);
    return fail(err, DSQL_ERR_CONNECT, "the connection was lost%s%s", text[0] == '\0' ? "" : ": ",
                text);
}

/*
 * libpq returns no result if memory ran out, if it could not send, or if the call itself was wrong:
 * a NULL in sql, a second query before the first is done, or no query at all.  A failure to send
 * has no text before PQgetResult() reports it.
 */
static dsql_status fail_without_result(const PGconn *conn, dsql_error *err)
{
    const char *words = PQerrorMessage(conn);
    if (libpq_text_is_nomem(text_of(words))) {
        return fail_nomem(err);
    }
    if (PQstatus(conn) == CONNECTION_BAD) {
        return fail_lost(words, err);
    }
    char text[LIBPQ_TEXT_SIZE];
    if (libpq_text_join(text_of(words), text, sizeof text)[0] == '\0') {
        return PQtransactionStatus(conn) == PQTRANS_ACTIVE
                   ? fail(err, DSQL_ERR_CONNECT, "the query was not sent, or has no result yet")
                   : fail(err, DSQL_ERR_USAGE, "there is no result: no query is running");
    }
    return fail(err, DSQL_ERR_USAGE, "libpq did not accept the call: %s", text);
}

/* The server skips statements after one that has failed, and says nothing more about them. */
static dsql_status fail_skipped(dsql_error *err)
{
    return fail(err, DSQL_ERR_QUERY,
                "the server skipped the statement, because an earlier one of the pipeline failed");
}

/* An error without SQLSTATE is libpq's own: the answer was lost, or could not be read. */
static dsql_status fail_unanswered(const PGconn *conn, const PGresult *res, dsql_error *err)
{
    const char *words = PQresultErrorMessage(res);
    if (libpq_text_is_nomem(text_of(words))) {
        return fail_nomem(err);
    }
    if (PQstatus(conn) == CONNECTION_BAD) {
        return fail_lost(words, err);
    }
    char text[LIBPQ_TEXT_SIZE];
    return fail(err, DSQL_ERR_CONNECT, "libpq could not read the server's answer: %s",
                libpq_text_join(text_of(words), text, sizeof text));
}

dsql_status dsql_check(PGconn *conn, const PGresult *res, dsql_error *err)
{
    if (res == NULL) {
        return fail_without_result(conn, err);
    }
    if (is_success(PQresultStatus(res))) {
        return DSQL_OK;
    }
    if (PQresultErrorField(res, PG_DIAG_SQLSTATE) != NULL) {
        return server_error_read(res, err);
    }
    return PQresultStatus(res) == PGRES_PIPELINE_ABORTED ? fail_skipped(err)
                                                         : fail_unanswered(conn, res, err);
}

dsql_status dsql_check_clear(PGconn *conn, PGresult *res, dsql_error *err)
{
    dsql_status status = dsql_check(conn, res, err);
    PQclear(res);
    return status;
}
