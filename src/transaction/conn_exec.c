/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dsql_conn_exec(): a statement with a time limit, for the body of a transaction and for any other
 * connection.
 */
#include "base/cancellation.h"
#include "base/error.h"
#include "base/text.h"
#include "transaction/body_events.h"
#include "transaction/statement_wait.h"

enum { MAX_PARAMS = 65535 }; /* of the protocol: a 16-bit count */

static dsql_status check_arguments(const PGconn *conn, const char *sql, int param_count,
                                   const char *const *params, int timeout_ms, dsql_error *err)
{
    if (conn == NULL || sql == NULL) {
        return fail(err, DSQL_ERR_USAGE, "dsql_conn_exec(): conn and sql must not be NULL");
    }
    if (param_count < 0 || param_count > MAX_PARAMS || (param_count > 0 && params == NULL)) {
        return fail(err, DSQL_ERR_USAGE,
                    "dsql_conn_exec(): param_count is %d; it must be from 0 to %d, and params must "
                    "not be NULL",
                    param_count, MAX_PARAMS);
    }
    if (timeout_ms < -1) {
        return fail(err, DSQL_ERR_USAGE,
                    "dsql_conn_exec(): timeout_ms is %d; it must be -1 or more", timeout_ms);
    }
    if (PQtransactionStatus(conn) == PQTRANS_ACTIVE || PQpipelineStatus(conn) != PQ_PIPELINE_OFF) {
        return fail(
            err, DSQL_ERR_USAGE,
            "dsql_conn_exec(): the connection is in a query, a COPY or a pipeline; end that "
            "first");
    }
    return DSQL_OK;
}

/* Outside a body there is neither a clock of a pool nor a time limit of a transaction. */
static struct statement_limits limits_of(const struct body_events *events, int timeout_ms)
{
    struct statement_limits limits = {.clock = clock_system(), .deadline_ms = -1};
    if (events != NULL) {
        limits = events->limits;
    }
    if (timeout_ms != 0) {
        limits.timeout_ms = timeout_ms;
        limits.option = "timeout_ms";
    }
    return limits;
}

/* Whether it is COMMIT, END or PREPARE TRANSACTION.  What begins with a comment may be. */
static bool may_commit(const char *sql)
{
    static const char *const words[] = {"commit", "end", "prepare"};
    struct text text = text_of(sql);
    while (text.len > 0 && (char_is_space(text.data[0]) || text.data[0] == ';')) {
        text = text_slice(text, 1, text.len);
    }
    size_t len = 0;
    while (len < text.len && char_is_alnum(text.data[len])) {
        len++;
    }
    bool may_commit = text_starts_with(text, "--") || text_starts_with(text, "/*");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        may_commit = may_commit || text_equal_nocase(text_slice(text, 0, len), text_of(words[i]));
    }
    return may_commit;
}

/* A statement that was cancelled has failed.  Without an answer it may have been committed. */
static dsql_status status_of_late(const struct statement_wait *wait, bool is_in_block,
                                  const char *sql)
{
    bool is_unknown = wait->exchange.is_cut && (!is_in_block || may_commit(sql));
    return is_unknown ? DSQL_ERR_COMMIT_UNKNOWN : DSQL_ERR_TIMEOUT;
}

PGresult *dsql_conn_exec(PGconn *conn, const char *sql, int param_count, const char *const *params,
                         int timeout_ms, dsql_error *err)
{
    HOLD_CANCELLATION();
    if (check_arguments(conn, sql, param_count, params, timeout_ms, err) != DSQL_OK) {
        return NULL;
    }
    bool is_in_block = PQtransactionStatus(conn) != PQTRANS_IDLE;
    struct body_events *events = body_events_of(conn);
    const struct statement_limits limits = limits_of(events, timeout_ms);
    struct statement_wait wait = statement_wait_start(conn, &limits);
    bool is_sent = false;
    PGresult *result = statement_wait_run(&wait, sql, param_count, params, &is_sent);
    bool is_late = statement_wait_has_failed(&wait, result);
    if (is_late && events != NULL) {
        events->is_late = true;
    }
    dsql_status status =
        is_late ? statement_wait_fail(&wait, status_of_late(&wait, is_in_block, sql), err)
                : dsql_check(conn, result, err);
    if (status != DSQL_OK) {
        PQclear(result);
        return NULL;
    }
    return result;
}
