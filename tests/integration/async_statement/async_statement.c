/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client sees of CREATE INDEX ASYNC by the extended protocol: described before it
 * is run, prepared and run twice, a row with one column, and the tag of what it wrote.
 */
#include <dsql.h>

#include <stdio.h>
#include <stdlib.h>

enum { JOB_ID_LEN = 26, WAIT_MS = 30000 };

static dsql_pool *pool;
static int failures;

static void check(int is_right, const char *what, PGconn *conn)
{
    if (!is_right) {
        fprintf(stderr, "FAILED: %s %s\n", what, PQerrorMessage(conn));
        failures++;
    }
}

static void run(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    check(PQresultStatus(result) == PGRES_COMMAND_OK, sql, conn);
    PQclear(result);
}

static void check_row(PGconn *conn, PGresult *result, const char *tag)
{
    check(PQresultStatus(result) == PGRES_TUPLES_OK, "rows", conn);
    check(PQntuples(result) == 1 && PQnfields(result) == 1, "one row", conn);
    check(PQntuples(result) == 1 && PQgetlength(result, 0, 0) == JOB_ID_LEN, "a job id", conn);
    check(PQnfields(result) == 1 && strcmp(PQfname(result, 0), "job_id") == 0, "its name", conn);
    check(strcmp(PQcmdStatus(result), tag) == 0, tag, conn);
    /* Its completion would be a change of schema for the next one. */
    dsql_error err = {0};
    dsql_status status = PQntuples(result) == 1
                             ? dsql_job_wait(pool, PQgetvalue(result, 0, 0), WAIT_MS, &err)
                             : DSQL_OK;
    check(status == DSQL_OK, err.message, conn);
    PQclear(result);
}

static void check_all(PGconn *conn)
{
    run(conn, "CREATE TABLE async_statement (id int PRIMARY KEY, a int)");
    run(conn, "ALTER TABLE async_statement ADD CONSTRAINT positive CHECK (a > 0) NOT VALID");
    check_row(conn, PQexec(conn, "CREATE INDEX ASYNC ON async_statement (a)"), "CREATE INDEX");
    check_row(conn,
              PQexecParams(conn, "CREATE INDEX ASYNC ON async_statement (a)", 0, NULL, NULL, NULL,
                           NULL, 0),
              "CREATE INDEX");
    check_row(conn,
              PQexecParams(conn, "ALTER TABLE ASYNC async_statement VALIDATE CONSTRAINT positive",
                           0, NULL, NULL, NULL, NULL, 0),
              "ALTER TABLE");
    PQclear(PQprepare(conn, "twice", "CREATE INDEX ASYNC ON async_statement (a)", 0, NULL));
    PGresult *described = PQdescribePrepared(conn, "twice");
    check(PQnfields(described) == 1 && strcmp(PQfname(described, 0), "job_id") == 0, "described",
          conn);
    PQclear(described);
    check_row(conn, PQexecPrepared(conn, "twice", 0, NULL, NULL, NULL, 0), "CREATE INDEX");
    check_row(conn, PQexecPrepared(conn, "twice", 0, NULL, NULL, NULL, 0), "CREATE INDEX");
    run(conn, "DROP TABLE async_statement");
}

int main(void)
{
    dsql_error err = {0};
    const dsql_options *options =
        DSQL_OPTIONS(.host = getenv("CLUSTER_ENDPOINT"), .user = getenv("CLUSTER_USER"));
    pool = dsql_pool_open(options, &err);
    PGconn *conn = pool == NULL ? NULL : dsql_pool_acquire(pool, &err);
    if (conn == NULL) {
        fprintf(stderr, "%s\n", err.message);
        return EXIT_FAILURE;
    }
    check_all(conn);
    dsql_pool_release(pool, conn);
    check(dsql_pool_close(pool, WAIT_MS) == DSQL_OK, "closing", NULL);
    puts(failures == 0 ? "ok" : "failed");
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
