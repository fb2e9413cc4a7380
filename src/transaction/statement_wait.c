/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "transaction/statement_wait.h"

#include "base/error.h"

/* The first attempt always starts, and a statement without any time could not succeed. */
enum { LEAST_MS = 2000 };

struct statement_wait statement_wait_start(PGconn *conn, const struct statement_limits *limits)
{
    struct statement_wait wait = {
        .exchange = {.conn = conn, .clock = limits->clock, .deadline_ms = -1, .may_cancel = true},
        .limit_ms = -1,
        .option = "transaction_timeout_ms",
    };
    int64_t now_ms = clock_monotonic_ms(limits->clock);
    if (limits->deadline_ms >= 0) {
        int64_t left_ms = limits->deadline_ms - now_ms;
        wait.limit_ms = left_ms > LEAST_MS ? left_ms : LEAST_MS;
    }
    if (limits->timeout_ms > 0 && (wait.limit_ms < 0 || limits->timeout_ms <= wait.limit_ms)) {
        wait.limit_ms = limits->timeout_ms;
        wait.option = limits->option != NULL ? limits->option : "statement_timeout_ms";
    }
    if (wait.limit_ms >= 0) {
        wait.exchange.deadline_ms = now_ms + wait.limit_ms;
    }
    return wait;
}

/*
 * The extended protocol, which rejects several statements in one string.  If libpq does not take
 * the statement because the connection is broken, the result says why.
 */
PGresult *statement_wait_run(struct statement_wait *wait, const char *sql, int param_count,
                             const char *const *params, bool *is_sent)
{
    struct exchange *exchange = &wait->exchange;
    *is_sent = exchange_begin(exchange) && PQsendQueryParams(exchange->conn, sql, param_count, NULL,
                                                             params, NULL, NULL, 0) == 1;
    PGresult *result = NULL;
    if (*is_sent || PQstatus(exchange->conn) != CONNECTION_OK) {
        result = exchange_finish(exchange);
    }
    exchange_end(exchange);
    return result;
}

bool statement_wait_has_failed(const struct statement_wait *wait, const PGresult *result)
{
    return wait->exchange.is_cut || exchange_is_canceled(&wait->exchange, result);
}

dsql_status statement_wait_fail(const struct statement_wait *wait, dsql_status status,
                                dsql_error *err)
{
    const char *done = wait->exchange.is_cut
                           ? "nor to a cancel request, so the connection was closed"
                           : "so the statement was cancelled";
    return fail(err, status, "the server did not answer a statement within %lld ms (%s), %s%s",
                (long long)wait->limit_ms, wait->option, done,
                status == DSQL_ERR_COMMIT_UNKNOWN ? "; it may have been committed" : "");
}
