/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The recording half of the snapshot-isolation test: many processes run random
 * transactions on one small table and write down all that they saw (si_history.md).
 * It judges nothing; si_check does.
 * usage: si_stress --dir DIRECTORY [--clients N] [--rows N] [--seconds N] [--seed N] [--ddl 1]
 */
#include "client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NO_VALUE = -1, MAX_STATEMENTS = 6 };

struct stress {
    const char *dir;
    int clients;
    int rows;
    bool has_ddl; /* and so transactions may meet OC001, anywhere */
    int64_t until_us;
    uint64_t seed;
};

struct recorder {
    PGconn *conn;
    FILE *out;
    struct random random;
    const struct stress *stress;
    int client;
    int64_t transactions;
    int64_t versions;
    int64_t longest_us;
    const char *longest; /* statement */
    bool is_broken;      /* the transaction can only be rolled back */
    bool needs_xid;
};

/* Prepared in each connection, under these names. */
static const struct {
    const char *name;
    const char *sql;
} statements[] = {
    {"read", "SELECT id || ':' || u || ':' || v FROM si_item ORDER BY id"},
    {"scan", "SELECT id || ':' || u || ':' || v FROM si_item WHERE u > 0 ORDER BY id"},
    {"point", "SELECT id || ':' || u || ':' || v FROM si_item WHERE id = $1"},
    {"update_lock", "SELECT id || ':' || u || ':' || v FROM si_item WHERE id = $1 FOR UPDATE"},
    {"keyshare_lock", "SELECT id || ':' || u || ':' || v FROM si_item WHERE id = $1 FOR KEY SHARE"},
    {"insert", "INSERT INTO si_item VALUES ($1, $2, $3)"},
    {"upsert", "INSERT INTO si_item VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE "
               "SET v = excluded.v RETURNING id || ':' || u || ':' || v"},
    {"ignore", "INSERT INTO si_item VALUES ($1, $2, $3) ON CONFLICT DO NOTHING "
               "RETURNING id || ':' || u || ':' || v"},
    {"update", "UPDATE si_item SET v = $2 WHERE id = $1"},
    {"rekey", "UPDATE si_item SET u = $2, v = $3 WHERE id = $1"},
    {"move", "UPDATE si_item SET id = $2, v = $3 WHERE id = $1"},
    {"delete", "DELETE FROM si_item WHERE id = $1"},
};

static void note(struct recorder *recorder, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void note(struct recorder *recorder, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(recorder->out, format, args);
    va_end(args);
    fputc('\n', recorder->out);
}

static void time_statement(struct recorder *recorder, const char *name, int64_t start_us)
{
    int64_t took_us = client_now_us() - start_us;
    if (took_us > recorder->longest_us) {
        recorder->longest_us = took_us;
        recorder->longest = name;
    }
}

/* Runs a prepared statement with up to three numbers (NO_VALUE: none). */
static PGresult *execute(struct recorder *recorder, const char *name, int64_t a, int64_t b,
                         int64_t c)
{
    int64_t numbers[3] = {a, b, c};
    char texts[3][24];
    const char *values[3];
    int count = 0;
    while (count < 3 && numbers[count] != NO_VALUE) {
        snprintf(texts[count], sizeof texts[count], "%lld", (long long)numbers[count]);
        values[count] = texts[count];
        count++;
    }
    int64_t start_us = client_now_us();
    PGresult *result = PQexecPrepared(recorder->conn, name, count, values, NULL, NULL, 0);
    time_statement(recorder, name, start_us);
    return result;
}

static bool is_schema_change(const PGresult *result)
{
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    return strcmp(client_sqlstate(result), "40001") == 0 && text != NULL &&
           strcmp(text, "schema has been updated by another transaction (OC001)") == 0;
}

/* Notes an error; true if there was one. */
static bool failed(struct recorder *recorder, const PGresult *result)
{
    const char *sqlstate = client_sqlstate(result);
    if (*sqlstate == '\0') {
        return false;
    }
    if (recorder->stress->has_ddl && is_schema_change(result)) {
        recorder->is_broken = true;
        return true;
    }
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    note(recorder, "error %s %s", sqlstate, text == NULL ? "connection lost" : text);
    recorder->is_broken = true;
    return true;
}

static bool is_duplicate(struct recorder *recorder, const PGresult *result)
{
    if (strcmp(client_sqlstate(result), "23505") != 0) {
        return false;
    }
    recorder->is_broken = true;
    return true;
}

static const char *first_row(const PGresult *result)
{
    return PQntuples(result) == 0 ? "-" : PQgetvalue(result, 0, 0);
}

static void read_all(struct recorder *recorder)
{
    const char *name = random_below(&recorder->random, 2) == 0 ? "read" : "scan";
    PGresult *result = execute(recorder, name, NO_VALUE, NO_VALUE, NO_VALUE);
    if (!failed(recorder, result)) {
        fputs("read", recorder->out);
        for (int i = 0; i < PQntuples(result); i++) {
            fprintf(recorder->out, " %s", PQgetvalue(result, i, 0));
        }
        fputc('\n', recorder->out);
    }
    PQclear(result);
}

static int random_id(struct recorder *recorder)
{
    return 1 + random_below(&recorder->random, recorder->stress->rows);
}

static int random_u(struct recorder *recorder)
{
    return 1 + random_below(&recorder->random, 2 * recorder->stress->rows);
}

static int64_t new_version(struct recorder *recorder)
{
    return recorder->client * INT64_C(1000000000) + ++recorder->versions;
}

static void read_point(struct recorder *recorder, const char *name, const char *label)
{
    int id = random_id(recorder);
    PGresult *result = execute(recorder, name, id, NO_VALUE, NO_VALUE);
    if (!failed(recorder, result)) {
        note(recorder, "%s %d %s", label, id, first_row(result));
    }
    PQclear(result);
}

/* insert, upsert and ignore: the same three values, different answers. */
static void add_row(struct recorder *recorder, const char *name)
{
    int id = random_id(recorder);
    int u = random_u(recorder);
    int64_t v = new_version(recorder);
    PGresult *result = execute(recorder, name, id, u, v);
    const char *answer = strcmp(name, "insert") == 0 ? "ok" : first_row(result);
    if (is_duplicate(recorder, result)) {
        answer = "duplicate";
    }
    if (strcmp(answer, "duplicate") == 0 || !failed(recorder, result)) {
        note(recorder, "%s %d %d %lld %s", name, id, u, (long long)v, answer);
    }
    PQclear(result);
}

/* rekey and move: a new key for a row. */
static void change_key(struct recorder *recorder, const char *name)
{
    int id = random_id(recorder);
    int key = strcmp(name, "rekey") == 0 ? random_u(recorder) : random_id(recorder);
    int64_t v = new_version(recorder);
    PGresult *result = execute(recorder, name, id, key, v);
    if (is_duplicate(recorder, result)) {
        note(recorder, "%s %d %d %lld duplicate", name, id, key, (long long)v);
    } else if (!failed(recorder, result)) {
        note(recorder, "%s %d %d %lld %s", name, id, key, (long long)v, PQcmdTuples(result));
    }
    PQclear(result);
}

static void update_row(struct recorder *recorder)
{
    int id = random_id(recorder);
    int64_t v = new_version(recorder);
    PGresult *result = execute(recorder, "update", id, v, NO_VALUE);
    if (!failed(recorder, result)) {
        note(recorder, "update %d %lld %s", id, (long long)v, PQcmdTuples(result));
    }
    PQclear(result);
}

static void delete_row(struct recorder *recorder)
{
    int id = random_id(recorder);
    PGresult *result = execute(recorder, "delete", id, NO_VALUE, NO_VALUE);
    if (!failed(recorder, result)) {
        note(recorder, "delete %d %s", id, PQcmdTuples(result));
    }
    PQclear(result);
}

static void one_statement(struct recorder *recorder, bool is_reader)
{
    int choice = random_below(&recorder->random, is_reader ? 20 : 100);
    recorder->needs_xid = recorder->needs_xid || choice >= 20;
    if (choice < 10) {
        read_all(recorder);
    } else if (choice < 20) {
        read_point(recorder, "point", "point");
    } else if (choice < 50) {
        update_row(recorder);
    } else if (choice < 58) {
        delete_row(recorder);
    } else if (choice < 66) {
        add_row(recorder, "upsert");
    } else if (choice < 72) {
        add_row(recorder, "insert");
    } else if (choice < 76) {
        add_row(recorder, "ignore");
    } else if (choice < 82) {
        change_key(recorder, "rekey");
    } else if (choice < 84) {
        change_key(recorder, "move");
    } else if (choice < 92) {
        read_point(recorder, "update_lock", "lock update");
    } else {
        read_point(recorder, "keyshare_lock", "lock keyshare");
    }
}

static bool note_snapshot(struct recorder *recorder)
{
    PGresult *result = PQexec(recorder->conn, "SELECT pg_current_snapshot()");
    bool is_ok = !failed(recorder, result);
    if (is_ok) {
        char *text = PQgetvalue(result, 0, 0); /* xmin:xmax:xid,xid */
        long long xmin = 0;
        long long xmax = 0;
        int length = 0;
        if (sscanf(text, "%lld:%lld:%n", &xmin, &xmax, &length) != 2) {
            die("what snapshot is %s?", text);
        }
        note(recorder, "snapshot %lld %lld %s", xmin, xmax,
             text[length] == '\0' ? "-" : text + length);
    }
    PQclear(result);
    return is_ok;
}

static void note_xid(struct recorder *recorder)
{
    PGresult *result = PQexec(recorder->conn, "SELECT pg_current_xact_id()");
    if (!failed(recorder, result)) {
        note(recorder, "xid %s", PQgetvalue(result, 0, 0));
    }
    PQclear(result);
}

static void end_transaction(struct recorder *recorder)
{
    bool gives_up = recorder->is_broken || random_below(&recorder->random, 20) == 0;
    int64_t start_us = client_now_us();
    PGresult *result = PQexec(recorder->conn, gives_up ? "ROLLBACK" : "COMMIT");
    time_statement(recorder, gives_up ? "rollback" : "commit", start_us);
    const char *outcome = gives_up ? "rollback" : "commit";
    if (client_is_conflict(result)) {
        outcome = "conflict";
    } else if (failed(recorder, result)) {
        outcome = "rollback";
    } else if (strcmp(PQcmdStatus(result), gives_up ? "ROLLBACK" : "COMMIT") != 0) {
        die("%s was answered %s", outcome, PQcmdStatus(result));
    }
    note(recorder, "%s %lld %lld", outcome, (long long)start_us, (long long)client_now_us());
    PQclear(result);
}

static void one_transaction(struct recorder *recorder)
{
    recorder->is_broken = false;
    recorder->needs_xid = false;
    note(recorder, "begin %d %lld %lld", recorder->client, (long long)++recorder->transactions,
         (long long)client_now_us());
    client_run(recorder->conn, "BEGIN");
    bool is_reader = random_below(&recorder->random, 10) == 0;
    bool has_xid_early = !is_reader && random_below(&recorder->random, 2) == 0;
    if (note_snapshot(recorder)) {
        if (has_xid_early) {
            note_xid(recorder);
        }
        for (int left = 1 + random_below(&recorder->random, MAX_STATEMENTS);
             left > 0 && !recorder->is_broken; left--) {
            one_statement(recorder, is_reader);
        }
        if (!recorder->is_broken && recorder->needs_xid && !has_xid_early) {
            note_xid(recorder);
        }
    }
    end_transaction(recorder);
}

/*
 * The table is small: without these every scan would be of one kind.  The last one
 * takes long where cores are few, and DDL waits for statements: not together.
 */
static const char *const plans[4] = {
    "SET enable_indexscan = on",
    "SET enable_seqscan = off",
    "SET enable_seqscan = off; SET enable_indexscan = off",
    /* The setting has another name since PostgreSQL 16. */
    ("SELECT set_config(name, 'on', false) FROM pg_settings "
     "WHERE name IN ('force_parallel_mode', 'debug_parallel_query'); "
     "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; "
     "SET min_parallel_table_scan_size = 0"),
};

static void open_recorder(struct recorder *recorder, int client, const struct stress *stress)
{
    *recorder = (struct recorder){.client = client, .stress = stress};
    recorder->random = random_start(stress->seed, client);
    recorder->conn = client_connect();
    client_run(recorder->conn, plans[client % (stress->has_ddl ? 3 : 4)]);
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        PQclear(PQprepare(recorder->conn, statements[i].name, statements[i].sql, 0, NULL));
    }
    char path[1024];
    snprintf(path, sizeof path, "%s/%d.history", stress->dir, client);
    recorder->out = fopen(path, "w");
    if (recorder->out == NULL) {
        die("could not write %s", path);
    }
}

static void close_recorder(struct recorder *recorder)
{
    if (fclose(recorder->out) != 0) {
        die("could not write the history");
    }
    PQfinish(recorder->conn);
}

static void client_body(int client, void *arg)
{
    const struct stress *stress = arg;
    struct recorder recorder;
    open_recorder(&recorder, client, stress);
    while (client_now_us() < stress->until_us) {
        one_transaction(&recorder);
    }
    printf("client %d: %lld transactions, longest statement %lld us, %s\n", client,
           (long long)recorder.transactions, (long long)recorder.longest_us, recorder.longest);
    close_recorder(&recorder);
}

/* Cleaning up must change nothing for anybody. */
static void vacuum_body(const struct stress *stress)
{
    PGconn *conn = client_connect();
    while (client_now_us() < stress->until_us) {
        client_run(conn, "VACUUM (TRUNCATE off) si_item");
        client_run(conn, "ANALYZE si_item");
        client_run(conn, "VACUUM (FREEZE, TRUNCATE off) si_item");
    }
    PQfinish(conn);
}

/*
 * The definition changes under everybody; the one that changes it may lose as well.  Not
 * together with vacuum_body(): VACUUM and DDL of one table wait for each other, as
 * they do on heap, and an autovacuum in the way is sent off after deadlock_timeout.
 */
static void ddl_body(const struct stress *stress)
{
    /* Dropped columns count toward PostgreSQL's 1,600: a quick machine would use them up. */
    enum { COLUMN_CHANGES = 2, MAX_COLUMNS_ADDED = 1000 };
    static const char *const changes[] = {
        /* The first COLUMN_CHANGES. */
        "ALTER TABLE si_item ADD COLUMN extra int",
        "ALTER TABLE si_item DROP COLUMN extra",
        "GRANT SELECT ON si_item TO PUBLIC",
        "SET dsql_local.strict = off; CREATE INDEX si_extra ON si_item (v)",
        "DROP INDEX si_extra",
    };
    const int count = (int)(sizeof changes / sizeof changes[0]);
    PGconn *conn = client_connect();
    client_run(conn, "SET deadlock_timeout = '50ms'");
    int added = 0;
    for (int i = 0; client_now_us() < stress->until_us;) {
        PGresult *result = PQexec(conn, changes[i]);
        if (*client_sqlstate(result) == '\0') {
            added += i == 0;
            int first = added < MAX_COLUMNS_ADDED ? 0 : COLUMN_CHANGES;
            i = i + 1 < count ? i + 1 : first;
        } else if (!is_schema_change(result)) {
            die("%s: %s", changes[i], PQerrorMessage(conn));
        }
        PQclear(result);
    }
    PQfinish(conn);
}

static void any_body(int client, void *arg)
{
    struct stress *stress = arg;
    if (client <= stress->clients) {
        client_body(client, arg);
    } else if (stress->has_ddl) {
        ddl_body(stress);
    } else {
        vacuum_body(stress);
    }
}

/* The rows everybody starts with, and at the end what is left: two transactions more. */
static void bracket(const struct stress *stress, bool is_start)
{
    struct recorder recorder;
    open_recorder(&recorder, is_start ? 0 : stress->clients + 1, stress);
    note(&recorder, "begin %d 1 %lld", recorder.client, (long long)client_now_us());
    client_run(recorder.conn, "BEGIN");
    note_snapshot(&recorder);
    for (int id = 1; is_start && id <= stress->rows; id += 2) {
        PGresult *result = execute(&recorder, "insert", id, id, id);
        if (failed(&recorder, result)) {
            die("could not insert the first rows");
        }
        PQclear(result);
        note(&recorder, "insert %d %d %d ok", id, id, id);
    }
    if (is_start) {
        note_xid(&recorder);
    } else {
        read_all(&recorder);
    }
    int64_t start_us = client_now_us();
    client_run(recorder.conn, "COMMIT");
    note(&recorder, "commit %lld %lld", (long long)start_us, (long long)client_now_us());
    close_recorder(&recorder);
}

static void create_table(void)
{
    PGconn *conn = client_connect();
    client_run(conn, "DROP TABLE IF EXISTS si_item");
    client_run(conn, "CREATE TABLE si_item (id int PRIMARY KEY, u int UNIQUE, v bigint)");
    PQfinish(conn);
}

int main(int argc, char **argv)
{
    int64_t seconds = option_number(argc, argv, "seconds", 5);
    struct stress stress = {
        .dir = option_text(argc, argv, "dir", NULL),
        .clients = (int)option_number(argc, argv, "clients", 8),
        .rows = (int)option_number(argc, argv, "rows", 30),
        .has_ddl = option_number(argc, argv, "ddl", 0) != 0,
        .seed = (uint64_t)option_number(argc, argv, "seed", (int64_t)getpid()),
    };
    if (stress.dir == NULL || stress.clients < 1 || stress.rows < 1) {
        die("usage: si_stress --dir DIRECTORY [--clients N] [--rows N] [--seconds N] [--seed N] "
            "[--ddl 1]");
    }
    printf("seed %llu\n", (unsigned long long)stress.seed);
    create_table();
    bracket(&stress, true);
    stress.until_us = client_now_us() + seconds * 1000000;
    in_processes(stress.clients + 1, any_body, &stress);
    bracket(&stress, false);
    return 0;
}
