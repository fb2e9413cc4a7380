/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Moves 10 from account 7 to account 8.  With a number of seconds it pauses before COMMIT, so that
 * another session has time to change account 7: the COMMIT then fails, and libdsql runs the
 * transaction again.  The table is
 *     CREATE TABLE accounts (id int PRIMARY KEY, balance int)
 * usage: transfer [SECONDS] */
#include <dsql.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void report_retry(void *arg, const dsql_retry *retry)
{
    (void)arg;
    fprintf(stderr, "attempt %d: %s\n", retry->attempt, retry->reason->message);
    fprintf(stderr, "attempt %d starts in %d ms\n", retry->attempt + 1, retry->wait_ms);
}

/* Only the first attempt pauses. */
static void pause_once(long *seconds)
{
    if (*seconds > 0)
        fprintf(stderr, "attempt 1: both accounts are updated, COMMIT in %ld s\n", *seconds);
    sleep((unsigned)*seconds);
    *seconds = 0;
}

int main(int argc, char **argv)
{
    long seconds = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    const dsql_transaction_options *options = DSQL_TRANSACTION_OPTIONS(.on_retry = report_retry);

    dsql_error err = {0};
    dsql_pool *pool = dsql_pool_open(DSQL_OPTIONS(.host = getenv("CLUSTER_ENDPOINT")), &err);
    if (pool == NULL) {
        fprintf(stderr, "%s\n", err.message);
        return EXIT_FAILURE;
    }
    PGconn *conn;
    DSQL_TRANSACTION_WITH(pool, options, conn, &err) {
        PQclear(PQexec(conn, "UPDATE accounts SET balance = balance - 10 WHERE id = 7"));
        PQclear(PQexec(conn, "UPDATE accounts SET balance = balance + 10 WHERE id = 8"));
        pause_once(&seconds);
    }
    fprintf(stderr, "%s\n", err.status == DSQL_OK ? "committed" : err.message);
    dsql_pool_close(pool, -1);
    return err.status == DSQL_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
