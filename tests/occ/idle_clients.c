/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that is idle in a transaction blocks nobody, with the extended protocol too,
 * where a client that has read its SELECT to the end leaves it open.  An idle writer
 * and a REINDEX that waits for it do not wait for each other.  Only a transaction that
 * rewrites a table has it to itself.
 */
#include "client.h"

#include <stdio.h>
#include <string.h>

static void query_extended(PGconn *conn, const char *sql)
{
    PGresult *result = PQexecParams(conn, sql, 0, NULL, NULL, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        die("FAILED: %s: %s", sql, PQresultErrorMessage(result));
    }
    PQclear(result);
}

static void fails_with_schema_change(PGresult *result, const char *what)
{
    if (strcmp(client_sqlstate(result), "40001") != 0 ||
        strstr(PQresultErrorMessage(result), "(OC001)") == NULL) {
        die("FAILED: %s should end with OC001, not %s", what, PQresultErrorMessage(result));
    }
    PQclear(result);
}

/* ddl succeeds at once; what the reader does next fails for it, or its COMMIT. */
static void idle_reader(const char *query, const char *ddl, const char *next)
{
    PGconn *reader = client_connect();
    PGconn *other = client_connect();
    client_run(other, "DROP TABLE IF EXISTS item");
    client_run(other, "CREATE TABLE item (id int PRIMARY KEY, v int)");
    client_run(other, "INSERT INTO item VALUES (1, 0), (2, 0)");

    client_run(reader, "BEGIN");
    query_extended(reader, query);
    client_run(other, ddl);
    fails_with_schema_change(PQexecParams(reader, next, 0, NULL, NULL, NULL, NULL, 0), next);
    client_run(reader, "ROLLBACK");
    query_extended(reader, "SELECT 1");
    PQfinish(reader);
    PQfinish(other);
}

static void idle_writer(void)
{
    PGconn *writer = client_connect();
    PGconn *admin = client_connect();
    PGconn *watcher = client_connect();
    client_run(admin, "DROP TABLE IF EXISTS item");
    client_run(admin, "CREATE TABLE item (id int PRIMARY KEY, v int)");
    client_run(admin, "SET lock_timeout = 0");
    client_run(writer, "SET lock_timeout = 0");
    client_run(writer, "SET statement_timeout = '20s'");

    client_run(writer, "BEGIN");
    client_run(writer, "INSERT INTO item VALUES (1, 0)");
    if (!PQsendQuery(admin, "REINDEX TABLE item")) {
        die("FAILED: %s", PQerrorMessage(admin));
    }
    /* It has the table, which the writer is going to need, and waits for the writer. */
    while (client_number(watcher, "SELECT count(*) FROM pg_catalog.pg_locks"
                                  " WHERE locktype = 'transactionid' AND NOT granted") == 0) {
    }
    /* Each waits for the other now.  One of them gets an error, and the other goes on. */
    PGresult *committed = PQexec(writer, "COMMIT");
    PGresult *rebuilt = PQgetResult(admin);
    bool writer_lost = strcmp(client_sqlstate(committed), "40001") == 0;
    /* Either hears OC001: the deadlock exists because a definition is being changed. */
    bool admin_lost = strcmp(client_sqlstate(rebuilt), "40001") == 0;
    if (writer_lost == admin_lost) {
        die("FAILED: one of an idle writer and REINDEX should go on: %s%s",
            PQresultErrorMessage(committed), PQresultErrorMessage(rebuilt));
    }
    PQclear(committed);
    PQclear(rebuilt);
    PQfinish(watcher);
    PQfinish(writer);
    PQfinish(admin);
}

static void fails(PGconn *conn, const char *sql, const char *sqlstate)
{
    PGresult *result = PQexec(conn, sql);
    if (strcmp(client_sqlstate(result), sqlstate) != 0) {
        die("FAILED: %s should fail with %s, not %s", sql, sqlstate, PQresultErrorMessage(result));
    }
    PQclear(result);
}

/* A COMMIT that does not get its locks is over all the same, and the block with it. */
static void locked_out(void)
{
    PGconn *writer = client_connect();
    PGconn *admin = client_connect();
    client_run(admin, "DROP TABLE IF EXISTS item");
    client_run(admin, "CREATE TABLE item (id int PRIMARY KEY, v int)");
    client_run(writer, "SET lock_timeout = '10ms'");
    client_run(writer, "BEGIN");
    client_run(writer, "INSERT INTO item VALUES (1, 0)");
    client_run(admin, "BEGIN");
    client_run(admin, "LOCK TABLE item IN EXCLUSIVE MODE");
    fails(writer, "COMMIT", "55P03");
    if (PQtransactionStatus(writer) != PQTRANS_IDLE) {
        die("FAILED: a COMMIT that failed left its transaction open");
    }
    PQfinish(writer);
    PQfinish(admin);
}

/* A block that rewrites a table has it to itself, wherever the statement stands. */
static void rewriter(void)
{
    PGconn *writer = client_connect();
    PGconn *admin = client_connect();
    client_run(admin, "DROP TABLE IF EXISTS item");
    client_run(admin, "CREATE TABLE item (id int PRIMARY KEY, v int)");
    client_run(writer, "SET lock_timeout = '10ms'");
    const char *const ways[] = {"DO $$ BEGIN ALTER TABLE item ALTER v TYPE bigint; END $$",
                                "TRUNCATE item", "REINDEX TABLE item"};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        client_run(admin, "BEGIN");
        client_run(admin, ways[i]);
        fails(writer, "INSERT INTO item VALUES (1, 0)", "55P03");
        client_run(admin, "COMMIT");
    }
    client_run(writer, "INSERT INTO item VALUES (1, 0)");
    PQfinish(writer);
    PQfinish(admin);
}

int main(void)
{
    const char *all = "SELECT * FROM item ORDER BY id";
    const char *some = "SELECT * FROM item LIMIT 1"; /* leaves the scan in its middle */
    idle_reader(all, "ALTER TABLE item ADD COLUMN w int", "SELECT * FROM item");
    idle_reader(all, "DROP TABLE item", "SELECT * FROM item");
    idle_reader(all, "DROP TABLE item", "COMMIT");
    idle_reader(some, "DROP TABLE item", "COMMIT");
    idle_reader(some, "VACUUM FULL item", "COMMIT");
    idle_writer();
    locked_out();
    rewriter();
    printf("nobody waited for an idle client\n");
    return 0;
}
