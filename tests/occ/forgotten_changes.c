/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of changed definitions is full, and a transaction that began long ago keeps
 * its entries.  What changes then counts as everything: an old snapshot meets OC001
 * whatever it touches, also if the last one that changed something has failed.  Two
 * transactions do not find the table full at the same time.  The retry succeeds.
 * A session that knows no more relations forgets all, and does not fail for it.
 * Runs with dsql_local.max_changes = 2 and dsql_local.max_known_relations = 2.
 */
#include "client.h"

#include <stdio.h>
#include <string.h>

static bool is_schema_conflict(const PGresult *result)
{
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    return strcmp(client_sqlstate(result), "40001") == 0 && text != NULL &&
           strstr(text, "(OC001)") != NULL;
}

static void fails(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    if (!is_schema_conflict(result)) {
        die("%s should end with OC001, not '%s'", sql, PQresultErrorMessage(result));
    }
    PQclear(result);
    client_run(conn, "ROLLBACK");
}

/* Two entries, which the old transaction keeps. */
static void fill(PGconn *conn)
{
    client_run(conn, "ALTER TABLE filler ADD COLUMN a int");
    client_run(conn, "ALTER TABLE another ADD COLUMN a int");
}

/* The witness has touched nothing that changes, and everything may have changed. */
static void one_that_committed_and_one_that_failed(PGconn *witness, PGconn *one, PGconn *two)
{
    client_run(witness, "BEGIN");
    client_run(witness, "SELECT 1");
    fill(one);
    client_run(one, "BEGIN");
    client_run(one, "ALTER TABLE t ADD COLUMN a int");
    client_run(two, "BEGIN");
    fails(two, "ALTER TABLE s ADD COLUMN a int");
    client_run(one, "COMMIT");
    client_run(two, "BEGIN");
    client_run(two, "ALTER TABLE s ADD COLUMN a int");
    client_run(two, "ROLLBACK");
    fails(witness, "SELECT * FROM t");

    client_run(witness, "BEGIN");
    client_run(witness, "SELECT * FROM t");
    client_run(witness, "UPDATE s SET v = v + 1");
    client_run(witness, "COMMIT");
}

/* A table that was not changed counts as changed, once. */
static void everything_has_changed(PGconn *witness, PGconn *one)
{
    client_run(witness, "BEGIN");
    client_run(witness, "SELECT 1");
    client_run(one, "ALTER TABLE filler DROP COLUMN a");
    client_run(one, "ALTER TABLE another DROP COLUMN a");
    client_run(one, "ALTER TABLE t DROP COLUMN a");
    fails(witness, "SELECT * FROM u");
    client_run(witness, "SELECT * FROM u");
}

/* Of three relations the session can know two. */
static void session_that_knows_too_much(PGconn *witness, PGconn *one)
{
    client_run(witness, "SELECT * FROM t");
    client_run(witness, "SELECT * FROM s");
    client_run(one, "ALTER TABLE s ADD COLUMN b int");
    fails(witness, "SELECT * FROM s"); /* it does know two */
    client_run(witness, "SELECT * FROM t");
    client_run(witness, "SELECT * FROM s");
    client_run(witness, "SELECT * FROM u");
    client_run(one, "ALTER TABLE t ADD COLUMN b int");
    client_run(witness, "SELECT * FROM t");
}

int main(void)
{
    static const char *const setup[] = {
        "CREATE TABLE filler (id int PRIMARY KEY)",   "CREATE TABLE another (id int PRIMARY KEY)",
        "CREATE TABLE t (id int PRIMARY KEY, v int)", "CREATE TABLE s (id int PRIMARY KEY, v int)",
        "CREATE TABLE u (id int PRIMARY KEY, v int)",
    };
    PGconn *one = client_connect();
    PGconn *two = client_connect();
    for (size_t i = 0; i < sizeof setup / sizeof setup[0]; i++) {
        client_run(one, setup[i]);
    }
    PGconn *witness = client_connect();
    one_that_committed_and_one_that_failed(witness, one, two);
    everything_has_changed(witness, one);
    session_that_knows_too_much(witness, one);
    PQfinish(witness);
    PQfinish(one);
    PQfinish(two);
    printf("a full table of changes concerned those who were at work, and missed nothing\n");
    return 0;
}
