/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "workload.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_STATEMENTS = 6, MAX_KEY = 2000, MAX_FILL = 900, TEXT = 400 };

/* ---- Tables ---- */

static const char *const table_setup[] = {
    "DROP TABLE IF EXISTS si_leaf",
    "DROP TABLE IF EXISTS si_child",
    "DROP TABLE IF EXISTS si_parent",
    "DROP TABLE IF EXISTS si_loose",
    "DROP TABLE IF EXISTS si_item",
    "DROP TABLE IF EXISTS si_bag",
    "DROP TABLE IF EXISTS si_range",
    "DROP TABLE IF EXISTS si_mark",
    "CREATE TABLE si_item (id int PRIMARY KEY, u int UNIQUE, w int UNIQUE, p int, e int, v bigint)",
    "CREATE UNIQUE INDEX /*A*/ si_item_p ON si_item (p) WHERE p % 2 = 0",
    "CREATE UNIQUE INDEX /*A*/ si_item_e ON si_item ((e / 2))",
    "CREATE TABLE si_loose (k int UNIQUE, n int, b bigint, v bigint)",
    "CREATE TABLE si_bag (n int, b bigint, v bigint)",
    "CREATE TABLE si_parent (id int PRIMARY KEY, v bigint)",
    ("CREATE TABLE si_child (id int PRIMARY KEY, parent int REFERENCES si_parent "
     "ON DELETE CASCADE ON UPDATE CASCADE, v bigint)"),
    ("CREATE TABLE si_leaf (id int PRIMARY KEY, child int REFERENCES si_child "
     "ON DELETE CASCADE ON UPDATE CASCADE, loose int REFERENCES si_loose (k) ON DELETE SET NULL, "
     "v bigint)"),
    "CREATE TABLE si_range (k int PRIMARY KEY, v bigint)",
    "CREATE TABLE si_mark (client int PRIMARY KEY, number bigint)",
};

/* $1: how many rows. */
static const char *const row_setup[] = {
    ("INSERT INTO si_item SELECT g, g, nullif(g % 3, 0) * g, g, 2 * g, -g "
     "FROM generate_series(1, $1::int, 2) g"),
    "INSERT INTO si_loose SELECT nullif(g, 1), g % 5, -g, -g FROM generate_series(1, $1::int, 2) g",
    "INSERT INTO si_bag SELECT g % 5, -g, -g FROM generate_series(1, least($1::int, 10)) g",
    "INSERT INTO si_parent SELECT g, -g FROM generate_series(1, $1::int, 2) g",
    "INSERT INTO si_child SELECT g, g, -g FROM generate_series(1, $1::int, 2) g",
    "INSERT INTO si_leaf SELECT g, g, nullif(g, 1), -g FROM generate_series(1, $1::int, 2) g",
    "INSERT INTO si_mark SELECT g, 0 FROM generate_series(1, 200 + 0 * $1::int) g",
};

/* ASYNC is an extension of the grammar, which the gateway hands on as a comment. */
static void to_dialect(const struct run *run, const char *sql, char *text, size_t size)
{
    static const char comment[] = "/*A*/";
    const char *place = strstr(sql, comment);
    if (!run->is_gateway || place == NULL) {
        snprintf(text, size, "%s", sql);
    } else {
        snprintf(text, size, "%.*sASYNC%s", (int)(place - sql), sql, place + strlen(comment));
    }
}

/*
 * An index is built by a job: makes `text` what comes after a statement with this result,
 * "" for nothing.
 */
static void next_step(const PGresult *result, char *text, size_t size)
{
    const char *value = PQntuples(result) == 1 ? PQgetvalue(result, 0, 0) : "t";
    if (strcmp(value, "f") == 0) {
        die("an index could not be built");
    }
    if (strcmp(value, "t") == 0) {
        *text = '\0';
    } else {
        snprintf(text, size, "CALL sys.wait_for_job('%s')", value);
    }
}

void workload_set_up(const struct run *run)
{
    char sql[TEXT];
    char rows[16];
    const char *parameter = rows;
    snprintf(rows, sizeof rows, "%d", run->rows);
    PGconn *conn = recorder_connect(run);
    for (size_t i = 0; i < sizeof table_setup / sizeof table_setup[0]; i++) {
        to_dialect(run, table_setup[i], sql, sizeof sql);
        while (*sql != '\0') {
            PGresult *result = client_query(conn, sql);
            next_step(result, sql, sizeof sql);
            PQclear(result);
        }
    }
    for (size_t i = 0; i < sizeof row_setup / sizeof row_setup[0]; i++) {
        PGresult *result = PQexecParams(conn, row_setup[i], 1, NULL, &parameter, NULL, NULL, 0);
        if (*client_sqlstate(result) != '\0') {
            die("%s: %s", row_setup[i], PQerrorMessage(conn));
        }
        PQclear(result);
    }
    PQfinish(conn);
}

/* ---- Statements ---- */

/* How a statement's parameters and its answer become a line of the history. */
enum form {
    SHOW,   /* WHERE $1, if there is a condition: rows */
    ADD,    /* a row: an answer */
    OFFER,  /* a row: the row that is there then */
    CHANGE, /* WHERE $1, SET $2 (if it is not only v), v: an answer */
    REMOVE, /* WHERE $1: an answer */
    SPAN,   /* from $1 to $2, and v to fill: an answer */
};

/* Each letter of `parameters` stands for the values that one can have: see value_of(). */
struct statement {
    int weight; /* how often, compared with the others */
    enum form form;
    const char *name; /* of the prepared statement */
    const char *event;
    const char *table;
    const char *where; /* NULL: without a condition; ! after it: IS NULL */
    const char *set;
    const char *parameters;
    const char *sql;
};

#define TEXT_OF(column) "coalesce(" column "::text, '~')"
#define ITEM_ROW                                                                                   \
    "id || ':' || " TEXT_OF("u") " || ':' || " TEXT_OF("w") " || ':' || " TEXT_OF(                 \
        "p") " || ':' || " TEXT_OF("e") " || ':' || v"
#define LOOSE_ROW  TEXT_OF("k") " || ':' || " TEXT_OF("n") " || ':' || b || ':' || v"
#define BAG_ROW    TEXT_OF("n") " || ':' || b || ':' || v"
#define PARENT_ROW "id || ':' || v"
#define CHILD_ROW  "id || ':' || " TEXT_OF("parent") " || ':' || v"
#define LEAF_ROW   "id || ':' || " TEXT_OF("child") " || ':' || " TEXT_OF("loose") " || ':' || v"
#define RUNS                                                                                       \
    "SELECT min(k) || '-' || max(k) || ':' || v FROM (SELECT k, v, k - row_number() OVER "         \
    "(PARTITION BY v ORDER BY k) AS g FROM si_range) r GROUP BY v, g ORDER BY min(k)"
#define INSERT_ITEM "INSERT INTO si_item (id, u, w, p, e, v) VALUES ($1, $2, $3, $4, $5, $6) "

static const struct statement statements[] = {
    /* The first READERS only read. */
    {10, SHOW, "item.all", "read", "item", NULL, NULL, "", "SELECT " ITEM_ROW " FROM si_item"},
    {4, SHOW, "item.scan", "read", "item", NULL, NULL, "",
     "SELECT " ITEM_ROW " FROM si_item WHERE id > 0 ORDER BY id"},
    {4, SHOW, "loose.all", "read", "loose", NULL, NULL, "", "SELECT " LOOSE_ROW " FROM si_loose"},
    {3, SHOW, "bag.all", "read", "bag", NULL, NULL, "", "SELECT " BAG_ROW " FROM si_bag"},
    {3, SHOW, "parent.all", "read", "parent", NULL, NULL, "",
     "SELECT " PARENT_ROW " FROM si_parent"},
    {3, SHOW, "child.all", "read", "child", NULL, NULL, "", "SELECT " CHILD_ROW " FROM si_child"},
    {3, SHOW, "leaf.all", "read", "leaf", NULL, NULL, "", "SELECT " LEAF_ROW " FROM si_leaf"},
    {1, SHOW, "range.all", "runs", "range", NULL, NULL, "", RUNS},
    {10, SHOW, "item.id", "point", "item", "id", NULL, "i",
     "SELECT " ITEM_ROW " FROM si_item WHERE id = $1"},
    {5, SHOW, "item.by_u", "point", "item", "u", NULL, "U",
     "SELECT " ITEM_ROW " FROM si_item WHERE u = $1"},
    {5, SHOW, "loose.by_k", "point", "loose", "k", NULL, "K",
     "SELECT " LOOSE_ROW " FROM si_loose WHERE k = $1"},
    {3, SHOW, "leaf.by_child", "point", "leaf", "child", NULL, "c",
     "SELECT " LEAF_ROW " FROM si_leaf WHERE child = $1"},

    {10, SHOW, "item.lock", "lock update", "item", "id", NULL, "i",
     "SELECT " ITEM_ROW " FROM si_item WHERE id = $1 FOR UPDATE"},
    {10, SHOW, "item.share", "lock keyshare", "item", "id", NULL, "i",
     "SELECT " ITEM_ROW " FROM si_item WHERE id = $1 FOR KEY SHARE"},
    {5, SHOW, "loose.lock", "lock update", "loose", "k", NULL, "K",
     "SELECT " LOOSE_ROW " FROM si_loose WHERE k = $1 FOR UPDATE"},
    {6, SHOW, "loose.share", "lock keyshare", "loose", "k", NULL, "K",
     "SELECT " LOOSE_ROW " FROM si_loose WHERE k = $1 FOR KEY SHARE"},
    {4, SHOW, "bag.share", "lock keyshare", "bag", "n", NULL, "n",
     "SELECT " BAG_ROW " FROM si_bag WHERE n = $1 FOR KEY SHARE"},
    {2, SHOW, "bag.lock", "lock update", "bag", "n", NULL, "n",
     "SELECT " BAG_ROW " FROM si_bag WHERE n = $1 FOR UPDATE"},

    {30, CHANGE, "item.v", "update", "item", "id", "-", "iv",
     "UPDATE si_item SET v = $2 WHERE id = $1"},
    {4, CHANGE, "item.v_by_u", "update", "item", "u", "-", "Uv",
     "UPDATE si_item SET v = $2 WHERE u = $1"},
    {5, CHANGE, "item.u", "update", "item", "id", "u", "iuv",
     "UPDATE si_item SET u = $2, v = $3 WHERE id = $1"},
    {3, CHANGE, "item.w", "update", "item", "id", "w", "iuv",
     "UPDATE si_item SET w = $2, v = $3 WHERE id = $1"},
    {5, CHANGE, "item.p", "update", "item", "id", "p", "ipv",
     "UPDATE si_item SET p = $2, v = $3 WHERE id = $1"},
    {5, CHANGE, "item.e", "update", "item", "id", "e", "iev",
     "UPDATE si_item SET e = $2, v = $3 WHERE id = $1"},
    {4, CHANGE, "item.move", "update", "item", "id", "id", "iiv",
     "UPDATE si_item SET id = $2, v = $3 WHERE id = $1"},
    {8, REMOVE, "item.delete", "delete", "item", "id", NULL, "i",
     "DELETE FROM si_item WHERE id = $1"},
    {8, ADD, "item.insert", "insert", "item", NULL, NULL, "iuupev", INSERT_ITEM},
    {8, OFFER, "item.upsert", "upsert", "item", NULL, NULL, "iuupev",
     INSERT_ITEM "ON CONFLICT (id) DO UPDATE SET v = excluded.v RETURNING " ITEM_ROW},
    {5, OFFER, "item.ignore", "ignore", "item", NULL, NULL, "iuupev",
     INSERT_ITEM "ON CONFLICT DO NOTHING RETURNING " ITEM_ROW},

    {10, CHANGE, "loose.v", "update", "loose", "k", "-", "Kv",
     "UPDATE si_loose SET v = $2 WHERE k = $1"},
    {2, CHANGE, "loose.v_null", "update", "loose", "k!", "-", "v",
     "UPDATE si_loose SET v = $1 WHERE k IS NULL"},
    {3, CHANGE, "loose.n", "update", "loose", "k", "n", "Knv",
     "UPDATE si_loose SET n = $2, v = $3 WHERE k = $1"},
    {4, CHANGE, "loose.k", "update", "loose", "k", "k", "Kkv",
     "UPDATE si_loose SET k = $2, v = $3 WHERE k = $1"},
    {4, REMOVE, "loose.delete", "delete", "loose", "k", NULL, "K",
     "DELETE FROM si_loose WHERE k = $1"},
    {2, REMOVE, "loose.delete_null", "delete", "loose", "k!", NULL, "",
     "DELETE FROM si_loose WHERE k IS NULL"},
    {6, ADD, "loose.insert", "insert", "loose", NULL, NULL, "knbv",
     "INSERT INTO si_loose (k, n, b, v) VALUES ($1, $2, $3, $4)"},

    {5, CHANGE, "bag.v", "update", "bag", "n", "-", "nv", "UPDATE si_bag SET v = $2 WHERE n = $1"},
    {3, CHANGE, "bag.n", "update", "bag", "n", "n", "nnv",
     "UPDATE si_bag SET n = $2, v = $3 WHERE n = $1"},
    {2, REMOVE, "bag.delete", "delete", "bag", "n", NULL, "n", "DELETE FROM si_bag WHERE n = $1"},
    {3, ADD, "bag.insert", "insert", "bag", NULL, NULL, "nbv",
     "INSERT INTO si_bag (n, b, v) VALUES ($1, $2, $3)"},

    {5, CHANGE, "parent.v", "update", "parent", "id", "-", "cv",
     "UPDATE si_parent SET v = $2 WHERE id = $1"},
    {3, CHANGE, "parent.move", "update", "parent", "id", "id", "ccv",
     "UPDATE si_parent SET id = $2, v = $3 WHERE id = $1"},
    {3, REMOVE, "parent.delete", "delete", "parent", "id", NULL, "c",
     "DELETE FROM si_parent WHERE id = $1"},
    {5, ADD, "parent.insert", "insert", "parent", NULL, NULL, "cv",
     "INSERT INTO si_parent (id, v) VALUES ($1, $2)"},
    {5, CHANGE, "child.v", "update", "child", "id", "-", "cv",
     "UPDATE si_child SET v = $2 WHERE id = $1"},
    {3, CHANGE, "child.parent", "update", "child", "id", "parent", "cCv",
     "UPDATE si_child SET parent = $2, v = $3 WHERE id = $1"},
    {3, CHANGE, "child.move", "update", "child", "id", "id", "ccv",
     "UPDATE si_child SET id = $2, v = $3 WHERE id = $1"},
    {3, REMOVE, "child.delete", "delete", "child", "id", NULL, "c",
     "DELETE FROM si_child WHERE id = $1"},
    {6, ADD, "child.insert", "insert", "child", NULL, NULL, "cCv",
     "INSERT INTO si_child (id, parent, v) VALUES ($1, $2, $3)"},
    {5, CHANGE, "leaf.v", "update", "leaf", "id", "-", "cv",
     "UPDATE si_leaf SET v = $2 WHERE id = $1"},
    {3, CHANGE, "leaf.child", "update", "leaf", "id", "child", "cCv",
     "UPDATE si_leaf SET child = $2, v = $3 WHERE id = $1"},
    {3, CHANGE, "leaf.loose", "update", "leaf", "id", "loose", "ckv",
     "UPDATE si_leaf SET loose = $2, v = $3 WHERE id = $1"},
    {2, REMOVE, "leaf.delete", "delete", "leaf", "id", NULL, "c",
     "DELETE FROM si_leaf WHERE id = $1"},
    {6, ADD, "leaf.insert", "insert", "leaf", NULL, NULL, "cCkv",
     "INSERT INTO si_leaf (id, child, loose, v) VALUES ($1, $2, $3, $4)"},

    {2, SPAN, "range.fill", "fill", "range", NULL, NULL, "<>v",
     "INSERT INTO si_range SELECT g, $3 FROM generate_series($1::int, $2::int) g"},
    {2, SPAN, "range.clear", "clear", "range", NULL, NULL, "<>",
     "DELETE FROM si_range WHERE k BETWEEN $1 AND $2"},
};
enum { STATEMENTS = sizeof statements / sizeof statements[0], READERS = 12, WHOLE_READS = 8 };

void workload_prepare(struct recorder *recorder)
{
    for (int i = 0; i < STATEMENTS; i++) {
        PGresult *result =
            PQprepare(recorder->conn, statements[i].name, statements[i].sql, 0, NULL);
        bool is_lost = recorder->run->may_be_killed && recorder_is_lost(recorder->conn, result);
        if (!is_lost && *client_sqlstate(result) != '\0') {
            die("%s: %s", statements[i].sql, PQerrorMessage(recorder->conn));
        }
        PQclear(result);
    }
}

static int64_t up_to(struct recorder *recorder, int most)
{
    return 1 + random_below(&recorder->random, most);
}

static int64_t or_null(struct recorder *recorder, int64_t value)
{
    return random_below(&recorder->random, 5) == 0 ? NULL_VALUE : value;
}

static int64_t value_of(struct recorder *recorder, char kind, int64_t previous)
{
    int rows = recorder->run->rows;
    switch (kind) {
    case 'i':
    case 'c': /* of a parent, child or leaf */
    case 'K':
        return up_to(recorder, rows);
    case 'C':
    case 'k':
        return or_null(recorder, up_to(recorder, rows));
    case 'U':
        return up_to(recorder, 2 * rows);
    case 'u':
        return or_null(recorder, up_to(recorder, 2 * rows));
    case 'p':
        return or_null(recorder, up_to(recorder, 3 * rows));
    case 'e':
        return or_null(recorder, up_to(recorder, 5 * rows));
    case 'n':
        return random_below(&recorder->random, 5);
    case '<':
        return up_to(recorder, MAX_KEY);
    case '>':
        return previous + random_below(&recorder->random, MAX_FILL);
    default: /* v, b */
        return recorder_new_version(recorder);
    }
}

/* ---- The lines of the history ---- */

static void print_value(struct recorder *recorder, const char *before, int64_t value)
{
    if (value == NULL_VALUE) {
        fprintf(recorder->out, "%s~", before);
    } else {
        fprintf(recorder->out, "%s%" PRId64, before, value);
    }
}

/* "" if the statement has failed for no reason that it may have. */
static const char *answer_of(struct recorder *recorder, const struct statement *statement,
                             PGresult *result)
{
    const char *sqlstate = client_sqlstate(result);
    bool is_duplicate = strcmp(sqlstate, "23505") == 0;
    if (is_duplicate || strcmp(sqlstate, "23503") == 0) {
        recorder->is_broken = true;
        return is_duplicate ? "duplicate" : "foreign";
    }
    if (recorder_failed(recorder, result)) {
        return "";
    }
    if (statement->form == OFFER) {
        return PQntuples(result) == 0 ? "-" : PQgetvalue(result, 0, 0);
    }
    return statement->form == ADD || strcmp(statement->event, "fill") == 0 ? "ok"
                                                                           : PQcmdTuples(result);
}

/* The condition, and how many parameters it has used. */
static int print_condition(struct recorder *recorder, const struct statement *statement,
                           const int64_t values[PARAMETERS])
{
    if (statement->where == NULL) {
        return 0;
    }
    bool is_null = strchr(statement->where, '!') != NULL;
    fprintf(recorder->out, " %.*s", (int)strcspn(statement->where, "!"), statement->where);
    print_value(recorder, " ", is_null ? NULL_VALUE : values[0]);
    return is_null ? 0 : 1;
}

static void print_parameters(struct recorder *recorder, const struct statement *statement,
                             const int64_t values[PARAMETERS])
{
    fprintf(recorder->out, "%s %s", statement->event, statement->table);
    int used = print_condition(recorder, statement, values);
    if (statement->form == ADD || statement->form == OFFER) {
        for (; used < PARAMETERS && values[used] != NO_VALUE; used++) {
            print_value(recorder, used == 0 ? " " : ":", values[used]);
        }
    } else if (statement->form == CHANGE) {
        fprintf(recorder->out, " %s", statement->set);
        bool is_v_only = strcmp(statement->set, "-") == 0;
        print_value(recorder, " ", is_v_only ? NULL_VALUE : values[used++]);
        print_value(recorder, " ", values[used]);
    } else {
        for (; statement->form == SPAN && used < PARAMETERS && values[used] != NO_VALUE; used++) {
            print_value(recorder, " ", values[used]);
        }
    }
}

static void run_statement(struct recorder *recorder, const struct statement *statement)
{
    int64_t values[PARAMETERS];
    size_t count = strlen(statement->parameters);
    for (size_t i = 0; i < PARAMETERS; i++) {
        values[i] = NO_VALUE;
    }
    for (size_t i = 0; i < count; i++) {
        values[i] = value_of(recorder, statement->parameters[i], i == 0 ? 0 : values[i - 1]);
    }
    PGresult *result = recorder_execute(recorder, statement->name, values);
    const char *answer = answer_of(recorder, statement, result);
    if (*answer != '\0' || statement->form == SHOW) {
        if (!recorder->is_broken || statement->form != SHOW) {
            print_parameters(recorder, statement, values);
            for (int i = 0; statement->form == SHOW && i < PQntuples(result); i++) {
                fprintf(recorder->out, " %s", PQgetvalue(result, i, 0));
            }
            fprintf(recorder->out, statement->form == SHOW ? "\n" : " %s\n", answer);
        }
    }
    PQclear(result);
}

void workload_body(struct recorder *recorder)
{
    int total = 0;
    int choices = recorder->needs_xid ? STATEMENTS : READERS;
    for (int i = 0; i < choices; i++) {
        total += statements[i].weight;
    }
    for (int left = 1 + random_below(&recorder->random, MAX_STATEMENTS);
         left > 0 && !recorder->is_broken; left--) {
        int choice = random_below(&recorder->random, total);
        int i = 0;
        while (choice >= statements[i].weight) {
            choice -= statements[i++].weight;
        }
        run_statement(recorder, &statements[i]);
    }
}

void workload_read_all(struct recorder *recorder)
{
    for (int i = 0; i < WHOLE_READS; i++) {
        if (strcmp(statements[i].name, "item.scan") != 0) {
            run_statement(recorder, &statements[i]);
        }
    }
}

/* ---- Definitions ---- */

enum { CHANGES = 8, DDL_CLIENTS = 2, MAX_COLUMNS_ADDED = 1000, MAX_PAUSE_US = 400000 };

/*
 * One list for each client.  An index of one list is on a table that another statement of
 * the same list changes.  A unique index on v alone would make v a column of a key.
 */
static const char *const changes[DDL_CLIENTS][CHANGES] = {
    {
        "ALTER TABLE si_item ADD COLUMN extra int",
        "ALTER TABLE si_item DROP COLUMN extra",
        "CREATE INDEX /*A*/ si_item_v ON si_item (v)",
        "GRANT SELECT ON si_item TO PUBLIC",
        "DROP INDEX si_item_v",
        "CREATE UNIQUE INDEX /*A*/ si_item_version ON si_item (v) WHERE v > 0",
        "DROP INDEX si_item_version",
        "REVOKE SELECT ON si_item FROM PUBLIC",
    },
    {
        "CREATE INDEX /*A*/ si_leaf_child ON si_leaf (child)",
        "CREATE TABLE si_other (id int PRIMARY KEY)",
        "CREATE INDEX /*A*/ si_loose_n ON si_loose (n, k)",
        "DROP INDEX si_leaf_child",
        "CREATE INDEX /*A*/ si_range_v ON si_range (v)",
        "DROP TABLE si_other",
        "DROP INDEX si_loose_n",
        "DROP INDEX si_range_v",
    },
};

/* What a run that was killed may have left behind. */
static const char *const remnants[DDL_CLIENTS][CHANGES] = {
    {
        "ALTER TABLE si_item DROP COLUMN IF EXISTS extra",
        "DROP INDEX IF EXISTS si_item_v",
        "DROP INDEX IF EXISTS si_item_version",
    },
    {
        "DROP TABLE IF EXISTS si_other",
        "DROP INDEX IF EXISTS si_leaf_child",
        "DROP INDEX IF EXISTS si_loose_n",
        "DROP INDEX IF EXISTS si_range_v",
    },
};

/* False when the connection has ended.  Another client's change may make it fail. */
static bool change(struct recorder *recorder, const char *sql)
{
    char text[TEXT];
    int64_t start_us = client_now_us();
    to_dialect(recorder->run, sql, text, sizeof text);
    while (*text != '\0' && !recorder->is_lost) {
        PGresult *result = PQexec(recorder->conn, text);
        if (*client_sqlstate(result) == '\0') {
            next_step(result, text, sizeof text);
        } else if (recorder->run->may_be_killed && recorder_is_lost(recorder->conn, result)) {
            recorder->is_lost = true;
        } else if (!recorder_is_stale(result)) {
            die("%s: %s", text, PQerrorMessage(recorder->conn));
        }
        PQclear(result);
    }
    /* A job goes on when the server does. */
    recorder_note(recorder, "ddl %" PRId64 " %" PRId64, start_us,
                  recorder->is_lost ? INT64_MAX : client_now_us());
    return !recorder->is_lost;
}

void workload_change_definitions(int client, const struct run *run)
{
    struct recorder recorder;
    recorder_open(&recorder, client, run);
    recorder.random = random_start(run->seed, client);
    int which = client % DDL_CLIENTS;
    for (int i = 0; i < CHANGES && remnants[which][i] != NULL && !recorder.is_lost; i++) {
        change(&recorder, remnants[which][i]);
    }
    /* Dropped columns count toward PostgreSQL's 1,600. */
    for (int i = 0; client_now_us() < run->until_us && i < MAX_COLUMNS_ADDED * CHANGES; i++) {
        usleep((useconds_t)random_below(&recorder.random, MAX_PAUSE_US));
        if (!change(&recorder, changes[which][i % CHANGES])) {
            break;
        }
    }
    recorder_close(&recorder);
}
