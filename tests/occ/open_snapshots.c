/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A row is updated often while snapshots of different ages are open.  Its old index entries go,
 * so that finding it does not take longer and longer.  Each snapshot finds its version all the
 * same, and a transaction that inserts the key still learns that it came second.
 */
#include "client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { READERS = 8, UPDATES = 100, ENTRIES = 60 };

#define BY_ID    "SELECT v FROM counter WHERE id = 1"
#define BY_OTHER "SELECT v FROM counter WHERE other = 1"

/* It finds the row by an index. */
static PGconn *connect_to_index(void)
{
    PGconn *conn = client_connect();
    client_run(conn, "SET enable_seqscan = off");
    client_run(conn, "SET enable_bitmapscan = off");
    return conn;
}

static void equals(const char *what, int64_t is, int64_t wanted)
{
    if (is != wanted) {
        die("FAILED: %s: %" PRId64 ", not %" PRId64, what, is, wanted);
    }
}

static void update(PGconn *writer, int times)
{
    for (int i = 0; i < times; i++) {
        client_run(writer, "UPDATE counter SET v = v + 1 WHERE id = 1");
    }
}

/* Its snapshot was not taken by a query: others know only how old it is. */
static void open_with_copy(PGconn *conn)
{
    client_run(conn, "BEGIN");
    PQclear(PQexec(conn, "COPY counter TO STDOUT"));
    char *row = NULL;
    while (PQgetCopyData(conn, &row, 0) > 0) {
        PQfreemem(row);
    }
    PQclear(PQgetResult(conn));
    PQclear(PQgetResult(conn));
}

/* A snapshot that another transaction has handed over. */
static void open_imported(PGconn *conn, PGconn *owner)
{
    char import[80];
    PGresult *name = client_query(owner, "SELECT pg_export_snapshot()");
    snprintf(import, sizeof import, "SET TRANSACTION SNAPSHOT '%s'", PQgetvalue(name, 0, 0));
    PQclear(name);
    client_run(conn, "BEGIN");
    client_run(conn, import);
    client_run(conn, "SELECT count(*) FROM counter");
}

/* How many entries of the primary key a new transaction reads to find the row. */
static int64_t entries_read(PGconn *conn)
{
    static const char count[] = "SELECT pg_stat_get_xact_tuples_returned('counter_pkey'::regclass)";
    client_run(conn, "BEGIN");
    int64_t before = client_number(conn, count);
    client_run(conn, BY_ID);
    int64_t entries = client_number(conn, count) - before;
    client_run(conn, "COMMIT");
    return entries;
}

static bool is_imported(int reader)
{
    return reader % 2 == 1;
}

static void open_reader(PGconn **readers, int i)
{
    readers[i] = connect_to_index();
    if (is_imported(i)) {
        open_imported(readers[i], readers[i - 1]);
    } else {
        client_run(readers[i], "BEGIN");
        client_run(readers[i], "SELECT count(*) FROM counter");
    }
}

/* The version that it saw first, and by another key as well. */
static void check_reader(PGconn *reader, int64_t seen)
{
    equals("the version of an old snapshot", client_number(reader, BY_ID), seen);
    equals("the same, by another key", client_number(reader, BY_OTHER), seen);
    client_run(reader, "COMMIT");
    PQfinish(reader);
}

static void each_sees_its_own(PGconn *writer)
{
    PGconn *readers[READERS];
    int64_t seen[READERS];
    for (int i = 0; i < READERS; i++) {
        open_reader(readers, i);
        seen[i] = is_imported(i) ? seen[i - 1] : client_number(writer, BY_ID);
        update(writer, UPDATES);
    }
    int64_t entries = entries_read(writer);
    if (entries > ENTRIES) {
        die("FAILED: %" PRId64 " index entries are read to find one row", entries);
    }
    printf("%d updates, %d open snapshots: %" PRId64 " index entries lead to the row\n",
           READERS * UPDATES, READERS, entries);
    for (int i = 0; i < READERS; i++) {
        check_reader(readers[i], seen[i]);
    }
}

/* While such a snapshot is open, only what was replaced before it goes. */
static void the_end_of_a_snapshot_is_unknown(PGconn *writer)
{
    PGconn *reader = connect_to_index();
    PGconn *other = connect_to_index();
    update(writer, UPDATES);
    int64_t seen = client_number(writer, BY_ID);
    open_with_copy(reader);
    update(writer, UPDATES);
    client_run(other, "BEGIN");
    client_run(other, "SELECT count(*) FROM counter");
    update(writer, UPDATES);
    check_reader(other, seen + UPDATES);
    check_reader(reader, seen);
}

static void commit_fails(PGconn *conn, const char *what)
{
    PGresult *result = PQexec(conn, "COMMIT");
    if (!client_is_conflict(result)) {
        die("FAILED: %s: COMMIT should end with OC000, not '%s'", what,
            PQresultErrorMessage(result));
    }
    PQclear(result);
}

/* The key came after the snapshot, and so did all of its versions. */
static void the_key_is_still_taken(PGconn *writer, bool is_deleted)
{
    PGconn *late = connect_to_index();
    client_run(late, "BEGIN");
    client_run(late, "SELECT count(*) FROM counter");
    client_run(writer, "INSERT INTO counter VALUES (2, 2, 0)");
    for (int i = 0; i < UPDATES; i++) {
        client_run(writer, "UPDATE counter SET v = v + 1 WHERE id = 2");
    }
    if (is_deleted) {
        client_run(writer, "DELETE FROM counter WHERE id = 2");
    }
    /* Time passes, and somebody looks for it. */
    update(writer, UPDATES);
    client_run(writer, "SELECT v FROM counter WHERE id = 2");
    client_run(writer, "SELECT v FROM counter WHERE other = 2");
    client_run(late, "INSERT INTO counter VALUES (2, 20, 0)");
    commit_fails(late, is_deleted ? "a key that was inserted and deleted" : "an inserted key");
    client_run(late, "BEGIN");
    client_run(late, "ROLLBACK");
    client_run(writer, "DELETE FROM counter WHERE id = 2");
    PQfinish(late);
}

/* An update that changes such a key counts as one that changes none. */
static void the_key_of_an_expression_is_still_taken(PGconn *writer)
{
    PGconn *late = connect_to_index();
    client_run(writer, "SET dsql_local.strict = off");
    client_run(writer, "CREATE TABLE named (id int PRIMARY KEY, name text, v int)");
    client_run(writer, "CREATE UNIQUE INDEX ON named (lower(name))");
    client_run(late, "BEGIN");
    client_run(late, "SELECT count(*) FROM named");
    client_run(writer, "INSERT INTO named VALUES (1, 'x', 0)");
    for (int i = 0; i < 2 * UPDATES; i++) {
        client_run(writer, i == UPDATES ? "UPDATE named SET name = 'y' WHERE id = 1"
                                        : "UPDATE named SET v = v + 1 WHERE id = 1");
    }
    client_run(writer, "SELECT v FROM named WHERE lower(name) = 'x'");
    client_run(late, "INSERT INTO named VALUES (2, 'X', 0)");
    commit_fails(late, "a key that was inserted and replaced");
    PQfinish(late);
}

int main(void)
{
    PGconn *writer = connect_to_index();
    client_run(writer, "CREATE TABLE counter (id int PRIMARY KEY, other int UNIQUE, v int)");
    client_run(writer, "INSERT INTO counter VALUES (1, 1, 0)");
    each_sees_its_own(writer);
    the_end_of_a_snapshot_is_unknown(writer);
    the_key_is_still_taken(writer, false);
    the_key_is_still_taken(writer, true);
    the_key_of_an_expression_is_still_taken(writer);
    PQfinish(writer);
    return 0;
}
