/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A statement that takes too long stops at the server: the cancel request passes the gateway, which
 * requires TLS, and the connection can be used afterwards.
 */
#include <dsql.h>

#include <stdio.h>

#define SLOW "SELECT count(*) FROM generate_series(1, 100000000000)"

enum { LIMIT_MS = 500 };

static int failures;

static void check(int is_right, const char *what, const dsql_error *err)
{
    if (!is_right) {
        fprintf(stderr, "FAILED: %s: %s\n", what, err->message);
        failures++;
    }
}

static void check_pool(dsql_pool *pool, const char *what, const dsql_error *err)
{
    dsql_pool_stats stats;
    dsql_pool_get_stats(pool, &stats);
    check(err->status == DSQL_ERR_TIMEOUT, what, err);
    check(strstr(err->message, "cancelled") != NULL, what, err);
    check(stats.open == 1 && stats.opened == 1, "the connection is kept", err);
}

static dsql_status run_slow(PGconn *conn, void *arg, dsql_error *err)
{
    (void)arg;
    PGresult *result = dsql_conn_exec(conn, SLOW, 0, NULL, LIMIT_MS, err);
    PQclear(result);
    return result == NULL ? err->status : DSQL_OK;
}

int main(void)
{
    dsql_error err = {0};
    dsql_pool *pool = dsql_pool_open(DSQL_OPTIONS(.statement_timeout_ms = LIMIT_MS), &err);
    if (pool == NULL) {
        fprintf(stderr, "FAILED: %s\n", err.message);
        return 1;
    }
    PGresult *result = dsql_exec(pool, SLOW, 0, NULL, &err);
    check(result == NULL, "dsql_exec()", &err);
    PQclear(result);
    check_pool(pool, "dsql_exec()", &err);
    err = (dsql_error){0};
    check(dsql_transaction(pool, run_slow, NULL, &err) == DSQL_ERR_TIMEOUT, "a body", &err);
    check_pool(pool, "a body", &err);
    dsql_pool_close(pool, -1);
    return failures == 0 ? 0 : 1;
}
