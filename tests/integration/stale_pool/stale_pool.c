/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool whose connections have used a table that others change then.  Each kind of
 * transaction is retried once and succeeds, and dsql_exec() as well.
 * Usage: stale_pool        (the table accounts (id int, ...) exists)
 */
#include <dsql.h>

#include <stdio.h>
#include <stdlib.h>

static dsql_pool *pool;
static dsql_pool *others; /* as if it were another program */

static int fail(const char *what, const dsql_error *err)
{
    fprintf(stderr, "%s: %s\n", what, err->message);
    return EXIT_FAILURE;
}

/* 0, or EXIT_FAILURE. */
static int change(const char *sql)
{
    dsql_error err = {0};
    PGresult *result = dsql_exec(others, sql, 0, NULL, &err);
    if (result == NULL) {
        return fail(sql, &err);
    }
    PQclear(result);
    return 0;
}

static dsql_status use(PGconn *conn, void *arg, dsql_error *err)
{
    ++*(int *)arg;
    return dsql_check_clear(conn, PQexec(conn, "SELECT count(*) FROM accounts"), err);
}

static int by_callback(void)
{
    int runs = 0;
    dsql_error err = {0};
    if (dsql_transaction(pool, use, &runs, &err) != DSQL_OK) {
        return fail("callback", &err);
    }
    printf("callback: %d\n", runs);
    return 0;
}

static int by_loop(void)
{
    int runs = 0;
    dsql_error err = {0};
    PGconn *conn;
    DSQL_TRANSACTION(pool, conn, &err) {
        runs++;
        PQclear(PQexec(conn, "UPDATE accounts SET id = id WHERE id = 1"));
    }
    if (err.status != DSQL_OK) {
        return fail("loop", &err);
    }
    printf("loop: %d\n", runs);
    return 0;
}

static int by_exec(void)
{
    dsql_error err = {0};
    PGresult *result = dsql_exec(pool, "SELECT count(*) FROM accounts", 0, NULL, &err);
    if (result == NULL) {
        return fail("exec", &err);
    }
    PQclear(result);
    puts("exec: ok");
    return 0;
}

/* In turn: a column comes, a right, the right goes. */
static int use_and_change(void)
{
    if (by_callback() != 0 || change("ALTER TABLE accounts ADD COLUMN stale int") != 0 ||
        by_callback() != 0 || change("GRANT SELECT ON accounts TO PUBLIC") != 0 || by_loop() != 0 ||
        change("REVOKE SELECT ON accounts FROM PUBLIC") != 0) {
        return EXIT_FAILURE;
    }
    return by_exec();
}

static dsql_pool *open_pool(void)
{
    dsql_error err = {0};
    dsql_pool *opened = dsql_pool_open(
        DSQL_OPTIONS(.host = getenv("CLUSTER_ENDPOINT"), .pool_max = 1, .max_attempts = 2), &err);
    if (opened == NULL) {
        fprintf(stderr, "%s\n", err.message);
    }
    return opened;
}

int main(void)
{
    pool = open_pool();
    others = open_pool();
    int status = pool == NULL || others == NULL ? EXIT_FAILURE : use_and_change();
    if (others != NULL) {
        dsql_pool_close(others, 1000);
    }
    if (pool != NULL) {
        dsql_pool_close(pool, 1000);
    }
    return status;
}
