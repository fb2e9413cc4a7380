/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The service's whole conflict matrix: each pair of actions on one row, by two
 * transactions, in both orders of commit.  No statement fails, and neither does the
 * first COMMIT.  The second fails with 40001 and OC000 where the matrix says so, and
 * nowhere else.  What is left is what was committed.
 */
#include "client.h"

#include <stdio.h>
#include <string.h>

enum strength { READS, KEY_SHARE, WEAK, STRONG, NEW_KEY };

/* %c in a statement stands for the transaction, 1 or 2. */
static const struct action {
    const char *name;
    enum strength strength;
    const char *sql;
    const char *leaves; /* of row 1: "code v", or "" for no row; %c as above; NULL: as it was */
} actions[] = {
    {"read", READS, "SELECT v FROM matrix WHERE id = 1", NULL},
    {"update of nothing", READS, "UPDATE matrix SET v = 9 WHERE id = 1 AND v = 77", NULL},
    {"for key share", KEY_SHARE, "SELECT v FROM matrix WHERE id = 1 FOR KEY SHARE", NULL},
    {"update", WEAK, "UPDATE matrix SET v = %c WHERE id = 1", "a %c"},
    {"update, same key", WEAK, "UPDATE matrix SET code = 'a', v = %c WHERE id = 1", "a %c"},
    {"upsert", WEAK, "INSERT INTO matrix VALUES (1, 'a', 0) ON CONFLICT (id) DO UPDATE SET v = %c",
     "a %c"},
    {"for update", STRONG, "SELECT v FROM matrix WHERE id = 1 FOR UPDATE", NULL},
    {"update of a key", STRONG, "UPDATE matrix SET code = 'k%c' WHERE id = 1", "k%c 0"},
    {"delete", STRONG, "DELETE FROM matrix WHERE id = 1", ""},
    {"replace", STRONG, "DELETE FROM matrix WHERE id = 1; INSERT INTO matrix VALUES (1, 'r%c', 0)",
     "r%c 0"},
    {"insert", NEW_KEY, "INSERT INTO matrix VALUES (2, 'i%c', 0)", NULL},
};
enum { ACTIONS = sizeof actions / sizeof actions[0] };

static bool must_conflict(enum strength a, enum strength b)
{
    if (a == NEW_KEY || b == NEW_KEY) {
        return a == b;
    }
    if (a == READS || b == READS) {
        return false;
    }
    return a == STRONG || b == STRONG || (a == WEAK && b == WEAK);
}

static const char *with_number(const char *text, int number, char *out, size_t size)
{
    size_t length = 0;
    for (const char *c = text; *c != '\0' && length + 1 < size; c++) {
        char next = *c;
        if (c[0] == '%' && c[1] == 'c') {
            next = (char)('0' + number);
            c++;
        }
        out[length++] = next;
    }
    out[length] = '\0';
    return out;
}

static void act(PGconn *conn, const struct action *action, int number)
{
    char sql[256];
    client_run(conn, with_number(action->sql, number, sql, sizeof sql));
}

/* What the row must be: as the last transaction that committed a change left it. */
static void check_row(PGconn *conn, const struct action *action, int number, const char *before,
                      const char *what)
{
    char wanted[64];
    with_number(action->leaves == NULL ? before : action->leaves, number, wanted, sizeof wanted);
    PGresult *result = client_query(conn, "SELECT code || ' ' || v FROM matrix WHERE id = 1");
    const char *found = PQntuples(result) == 0 ? "" : PQgetvalue(result, 0, 0);
    if (strcmp(found, wanted) != 0) {
        die("%s: the row is '%s', not '%s'", what, found, wanted);
    }
    PQclear(result);
}

/* If `is_reversed`, the transaction that acts first commits second. */
static void try_pair(PGconn **conns, const struct action *first, const struct action *second,
                     bool is_reversed)
{
    char what[160];
    snprintf(what, sizeof what, "%s, %s, %s commits first", first->name, second->name,
             is_reversed ? "the second" : "the first");
    client_run(conns[0], "DELETE FROM matrix");
    client_run(conns[0], "INSERT INTO matrix VALUES (1, 'a', 0)");
    client_run(conns[1], "BEGIN");
    client_run(conns[2], "BEGIN");
    act(conns[1], first, 1);
    act(conns[2], second, 2);

    int winner = is_reversed ? 2 : 1;
    int loser = 3 - winner;
    const struct action *won = is_reversed ? second : first;
    const struct action *lost = is_reversed ? first : second;
    client_run(conns[winner], "COMMIT");
    PGresult *result = PQexec(conns[loser], "COMMIT");
    bool is_conflict = client_is_conflict(result);
    if (!is_conflict && *client_sqlstate(result) != '\0') {
        die("%s: %s", what, PQerrorMessage(conns[loser]));
    }
    PQclear(result);
    if (is_conflict != must_conflict(first->strength, second->strength)) {
        die("%s: %s", what, is_conflict ? "conflicts" : "both committed");
    }
    bool is_changed_later = !is_conflict && lost->leaves != NULL;
    check_row(conns[0], is_changed_later ? lost : won, is_changed_later ? loser : winner, "a 0",
              what);
}

int main(void)
{
    PGconn *conns[3];
    for (int i = 0; i < 3; i++) {
        conns[i] = client_connect();
    }
    client_run(conns[0], "DROP TABLE IF EXISTS matrix");
    client_run(conns[0], "CREATE TABLE matrix (id int PRIMARY KEY, code text UNIQUE, v int)");
    int pairs = 0;
    for (int a = 0; a < ACTIONS; a++) {
        for (int b = 0; b < ACTIONS; b++) {
            try_pair(conns, &actions[a], &actions[b], false);
            try_pair(conns, &actions[a], &actions[b], true);
            pairs += 2;
        }
    }
    for (int i = 0; i < 3; i++) {
        PQfinish(conns[i]);
    }
    printf("%d passed, 0 failed\n", pairs);
    return 0;
}
