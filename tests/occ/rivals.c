/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Many transactions insert the same keys, thousands of them.  Whoever commits first
 * commits, whatever the order in which they inserted; everybody else gets OC000; and a
 * key that was rolled back to a savepoint is nobody's loss.
 */
#include "client.h"

#include <stdio.h>

enum { RIVALS = 4, KEYS = 3000, SAVEPOINTS = 20, MAX_DOOMS = 8 };

static void commit_fails(PGconn *conn, const char *what)
{
    PGresult *result = PQexec(conn, "COMMIT");
    if (!client_is_conflict(result)) {
        die("FAILED: %s: COMMIT should end with OC000, not '%s'", what,
            PQresultErrorMessage(result));
    }
    PQclear(result);
}

static void expect_count(PGconn *conn, const char *sql, int64_t expected)
{
    int64_t count = client_number(conn, sql);
    if (count != expected) {
        die("FAILED: %s: %lld, not %lld", sql, (long long)count, (long long)expected);
    }
}

/* Rival 0 inserts first, the last one last; `first` commits first, the rest in turn. */
static void all_keys(PGconn **conns, PGconn *admin, int first)
{
    char insert[120];
    snprintf(insert, sizeof insert, "INSERT INTO item SELECT k, k FROM generate_series(1, %d) k",
             KEYS);
    client_run(admin, "DELETE FROM item");
    for (int i = 0; i < RIVALS; i++) {
        client_run(conns[i], "BEGIN");
        client_run(conns[i], insert);
    }
    client_run(conns[first], "COMMIT");
    for (int i = 0; i < RIVALS; i++) {
        if (i != first) {
            commit_fails(conns[i], "all keys");
        }
    }
    expect_count(admin, "SELECT count(*) FROM item", KEYS);
    client_run(admin, "DELETE FROM item");
}

/* As many rivals as keys: each inserts one key before the winner inserts them all. */
static void a_key_each(PGconn **conns, PGconn *admin)
{
    char insert[80];
    for (int i = 1; i < RIVALS; i++) {
        snprintf(insert, sizeof insert, "INSERT INTO item VALUES (%d, 0)", i);
        client_run(conns[i], "BEGIN");
        client_run(conns[i], insert);
    }
    client_run(conns[0], "BEGIN");
    client_run(conns[0], "INSERT INTO item SELECT k, k FROM generate_series(1, 100) k");
    client_run(conns[0], "COMMIT");
    for (int i = 1; i < RIVALS; i++) {
        commit_fails(conns[i], "a key each");
    }
    expect_count(admin, "SELECT count(*) FROM item", 100);
    client_run(admin, "DELETE FROM item");
}

/* A transaction that loses dooms nobody. */
static void loser_dooms_nobody(PGconn **conns, PGconn *admin)
{
    client_run(admin, "INSERT INTO item VALUES (1, 0)");
    client_run(conns[1], "BEGIN");
    client_run(conns[1], "INSERT INTO item VALUES (2, 1)");
    client_run(conns[0], "BEGIN");
    client_run(conns[0], "INSERT INTO item VALUES (2, 0)");
    client_run(conns[0], "UPDATE item SET v = 1 WHERE k = 1");
    client_run(admin, "UPDATE item SET v = 2 WHERE k = 1");
    commit_fails(conns[0], "a changed row");
    client_run(conns[1], "COMMIT");
    expect_count(admin, "SELECT v FROM item WHERE k = 2", 1);
    client_run(admin, "DELETE FROM item");
}

static void insert_and_roll_back(PGconn *conn, int count)
{
    char insert[80];
    client_run(conn, "SET dsql_local.strict = off"); /* allows savepoints */
    client_run(conn, "BEGIN");
    for (int i = 1; i <= count; i++) {
        client_run(conn, "SAVEPOINT here");
        snprintf(insert, sizeof insert, "INSERT INTO item VALUES (%d, 1)", i);
        client_run(conn, insert);
        if (count < SAVEPOINTS) {
            client_run(conn, "ROLLBACK TO here");
        }
        client_run(conn, "RELEASE here");
    }
}

/* Keys that were rolled back count for nothing; of many that were not, each counts. */
static void savepoints(PGconn **conns, PGconn *admin)
{
    char insert[120];
    snprintf(insert, sizeof insert, "INSERT INTO item SELECT k, 0 FROM generate_series(1, %d) k",
             SAVEPOINTS);
    client_run(conns[0], "BEGIN"); /* sees each of them, rolled back or not, as at work */
    client_run(conns[0], "SELECT 1");
    insert_and_roll_back(conns[1], 5);
    insert_and_roll_back(conns[2], SAVEPOINTS);
    client_run(conns[0], insert);
    client_run(conns[0], "COMMIT");
    commit_fails(conns[2], "savepoints");
    client_run(conns[1], "COMMIT");
    expect_count(admin, "SELECT count(*) FROM item", SAVEPOINTS);
    client_run(admin, "DELETE FROM item");
}

/*
 * Keys that are rolled back after the winner has met them: of MAX_DOOMS subtransactions
 * (slots.c) each is known, and counts for nothing; with one more the transaction is doomed
 * as a whole.
 */
static void rolled_back_too_late(PGconn **conns, PGconn *admin, int count)
{
    char insert[120];
    client_run(conns[1], "SET dsql_local.strict = off"); /* allows savepoints */
    client_run(conns[1], "BEGIN");
    for (int i = 1; i <= count; i++) {
        snprintf(insert, sizeof insert, "SAVEPOINT s%d; INSERT INTO item VALUES (%d, 1)", i, i);
        client_run(conns[1], insert);
    }
    snprintf(insert, sizeof insert, "INSERT INTO item SELECT k, 0 FROM generate_series(1, %d) k",
             count);
    client_run(conns[0], "BEGIN");
    client_run(conns[0], insert);
    client_run(conns[1], "ROLLBACK TO s1");
    client_run(conns[0], "COMMIT");
    if (count <= MAX_DOOMS) {
        client_run(conns[1], "COMMIT");
    } else {
        commit_fails(conns[1], "more savepoints than a slot has room for");
    }
    expect_count(admin, "SELECT count(*) FROM item", count);
    client_run(admin, "DELETE FROM item");
}

int main(void)
{
    PGconn *conns[RIVALS];
    PGconn *admin = client_connect();
    client_run(admin, "DROP TABLE IF EXISTS item");
    client_run(admin, "CREATE TABLE item (k int PRIMARY KEY, v int)");
    for (int i = 0; i < RIVALS; i++) {
        conns[i] = client_connect();
    }
    for (int first = 0; first < RIVALS; first++) {
        all_keys(conns, admin, first);
    }
    a_key_each(conns, admin);
    loser_dooms_nobody(conns, admin);
    savepoints(conns, admin);
    rolled_back_too_late(conns, admin, MAX_DOOMS);
    rolled_back_too_late(conns, admin, MAX_DOOMS + 1);
    for (int i = 0; i < RIVALS; i++) {
        PQfinish(conns[i]);
    }
    PQfinish(admin);
    printf("the first of %d rivals for %d keys committed\n", RIVALS, KEYS);
    return 0;
}
