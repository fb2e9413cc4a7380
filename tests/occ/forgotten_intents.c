/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of intents is full, and a transaction that wrote a row long ago is still
 * open.  Only a transaction that was at work while intents were evicted may fail for
 * that; its retry does not, and nothing that began later does.  No conflict is missed.
 * Runs with dsql_local.max_intents = 8.
 */
#include "client.h"

#include <stdio.h>

enum { PARENTS = 100 };

static void commit_fails(PGconn *conn, const char *what)
{
    PGresult *result = PQexec(conn, "COMMIT");
    if (!client_is_conflict(result)) {
        die("FAILED: %s: COMMIT should end with OC000, not '%s'", what,
            PQresultErrorMessage(result));
    }
    PQclear(result);
}

/* More intents than there is room for, by several transactions. */
static void fill_intents(PGconn *conn)
{
    char insert[80];
    for (int i = 1; i <= PARENTS; i++) {
        snprintf(insert, sizeof insert, "INSERT INTO child VALUES (%d)", i);
        client_run(conn, insert);
    }
}

/* What begins now is not concerned, however old another transaction is. */
static void unrelated_work(PGconn *conn)
{
    for (int i = 0; i < 5; i++) {
        client_run(conn, "UPDATE other SET v = v + 1 WHERE id = 1");
        client_run(conn, "SELECT * FROM other WHERE id = 2 FOR UPDATE");
        client_run(conn, "UPDATE parent SET v = v + 1 WHERE id = 1");
        client_run(conn, "INSERT INTO child VALUES (1)");
    }
}

/* One that was at work meanwhile cannot know, fails, and succeeds the second time. */
static void at_work_meanwhile(PGconn *witness, PGconn *other)
{
    client_run(witness, "BEGIN");
    client_run(witness, "SELECT * FROM other");
    fill_intents(other);
    client_run(witness, "UPDATE other SET v = v + 1 WHERE id = 2");
    commit_fails(witness, "at work while intents were evicted");
    client_run(witness, "UPDATE other SET v = v + 1 WHERE id = 2");
}

/* The key share of a child's parent was evicted, and still keeps the parent. */
static void no_orphan(PGconn *deleter, PGconn *other, const char *table)
{
    char sql[80];
    client_run(deleter, "BEGIN");
    snprintf(sql, sizeof sql, "DELETE FROM %s WHERE id = 200", table);
    client_run(deleter, sql);
    snprintf(sql, sizeof sql, "INSERT INTO child_of_%s VALUES (200)", table);
    client_run(other, sql);
    fill_intents(other);
    commit_fails(deleter, "a parent whose child's lock was evicted");
}

/* A replacement was evicted: the child's transaction cannot tell what became of the row. */
static void no_way_to_the_newest(PGconn *locker, PGconn *other)
{
    client_run(locker, "BEGIN");
    client_run(locker, "INSERT INTO child_of_keyless VALUES (200)");
    client_run(other, "UPDATE keyless SET v = v + 1");
    fill_intents(other);
    client_run(other, "DELETE FROM keyless WHERE id = 200 AND NOT EXISTS "
                      "(SELECT FROM child_of_keyless c WHERE c.id = 200)");
    commit_fails(locker, "a parent whose replacement was evicted");
}

int main(void)
{
    PGconn *idle = client_connect();
    PGconn *one = client_connect();
    PGconn *two = client_connect();
    client_run(one, "CREATE TABLE parent (id int PRIMARY KEY, v int DEFAULT 0)");
    client_run(one, "CREATE TABLE child (id int REFERENCES parent)");
    client_run(one, "CREATE TABLE child_of_parent (id int REFERENCES parent)");
    client_run(one, "CREATE TABLE keyless (id int UNIQUE, n int UNIQUE, v int DEFAULT 0)");
    client_run(one, "CREATE TABLE child_of_keyless (id int REFERENCES keyless (id))");
    client_run(one, "CREATE TABLE other (id int PRIMARY KEY, v int DEFAULT 0)");
    client_run(one, "INSERT INTO parent SELECT generate_series(1, 300)");
    client_run(one, "INSERT INTO keyless SELECT generate_series(200, 201)");
    client_run(one, "INSERT INTO other VALUES (1), (2), (3)");

    client_run(idle, "BEGIN");
    client_run(idle, "UPDATE other SET v = 9 WHERE id = 3");
    fill_intents(one);
    unrelated_work(two);
    at_work_meanwhile(two, one);
    unrelated_work(two);
    no_orphan(two, one, "parent");
    no_orphan(two, one, "keyless");
    client_run(one, "DELETE FROM child_of_keyless");
    no_way_to_the_newest(two, one);
    unrelated_work(two);
    commit_fails(idle, "the idle one, at work all the time"); /* precision is lost for it */
    PQfinish(idle);
    PQfinish(one);
    PQfinish(two);
    printf("a full table of intents concerned only those who were at work\n");
    return 0;
}
