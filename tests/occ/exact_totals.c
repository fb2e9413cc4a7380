/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Work whose result is known beforehand, done by many processes on few rows: no
 * update may be lost or counted twice, no sum may ever be off, no child may be without
 * its parent.  A transaction that gets OC000 at COMMIT is retried; any other error is
 * a failure.
 * usage: exact_totals all|counter|bank|foreign_key|upsert|wide|hot_row [--clients N] [--each N]
 */
#include "client.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { COUNTERS = 4, ACCOUNTS = 20, BALANCE = 1000, PARENTS = 12, KEYS = 100 };

struct worker {
    PGconn *conn;
    struct random random;
};

struct scene {
    const char *name;
    const char *const *setup;
    void (*once)(struct worker *worker); /* one success */
    const char *always;                  /* a query that gives `constant` at any moment */
    int64_t constant;
    const char *total; /* a query that gives `constant` or, if each_counts, all successes */
    bool each_counts;
};

static void run_format(PGconn *conn, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void run_format(PGconn *conn, const char *format, ...)
{
    char sql[512];
    va_list args;
    va_start(args, format);
    vsnprintf(sql, sizeof sql, format, args);
    va_end(args);
    client_run(conn, sql);
}

/* Did it?  If not it was a conflict, and it has to be done again. */
static bool did_commit(PGresult *result, PGconn *conn)
{
    bool is_conflict = client_is_conflict(result);
    if (!is_conflict && *client_sqlstate(result) != '\0') {
        die("COMMIT: %s", PQerrorMessage(conn));
    }
    if (!is_conflict && strcmp(PQcmdStatus(result), "ROLLBACK") == 0) {
        die("COMMIT rolled back");
    }
    PQclear(result);
    return !is_conflict;
}

static void commit_somehow(struct worker *worker, void (*body)(struct worker *worker))
{
    do {
        client_run(worker->conn, "BEGIN");
        body(worker);
    } while (!did_commit(PQexec(worker->conn, "COMMIT"), worker->conn));
}

/* ---- counter: read, then write what was read plus one ---- */

static void count_body(struct worker *worker)
{
    int id = 1 + random_below(&worker->random, COUNTERS);
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT v FROM counter WHERE id = %d", id);
    int64_t value = client_number(worker->conn, sql);
    run_format(worker->conn, "UPDATE counter SET v = %lld WHERE id = %d", (long long)value + 1, id);
}

static void count_once(struct worker *worker)
{
    commit_somehow(worker, count_body);
}

static const char *const counter_setup[] = {
    "DROP TABLE IF EXISTS counter",
    "CREATE TABLE counter (id int PRIMARY KEY, v bigint)",
    "INSERT INTO counter SELECT g, 0 FROM generate_series(1, 4) g",
    NULL,
};

/* ---- wide: values kept out of line, that each update has to bring along ---- */

static void widen_body(struct worker *worker)
{
    int id = 1 + random_below(&worker->random, COUNTERS);
    bool has_new_body = random_below(&worker->random, 3) == 0;
    run_format(worker->conn,
               has_new_body
                   ? "UPDATE wide SET v = v + 1, body = repeat(v::text, 9) || right(body, -9) "
                     "WHERE id = %d"
                   : "UPDATE wide SET v = v + 1 WHERE id = %d",
               id);
    run_format(worker->conn, "UPDATE wide SET sum = md5(body) WHERE id = %d", id);
}

static void widen_once(struct worker *worker)
{
    commit_somehow(worker, widen_body);
}

static const char *const wide_setup[] = {
    "DROP TABLE IF EXISTS wide",
    "CREATE TABLE wide (id int PRIMARY KEY, v bigint, body text, sum text)",
    ("INSERT INTO wide SELECT g, 0, (SELECT string_agg(md5(g || '.' || h), '') "
     "FROM generate_series(1, 500) h), '' FROM generate_series(1, 4) g"),
    "UPDATE wide SET sum = md5(body)",
    NULL,
};

/* ---- hot row: autocommit, extended protocol ---- */

static void hot_once(struct worker *worker)
{
    const char *id = "1";
    PGresult *result = NULL;
    do {
        result = PQexecParams(worker->conn, "UPDATE counter SET v = v + 1 WHERE id = $1", 1, NULL,
                              &id, NULL, NULL, 0);
    } while (!did_commit(result, worker->conn));
}

/* ---- upsert ---- */

static void upsert_once(struct worker *worker)
{
    int key = random_below(&worker->random, KEYS);
    char sql[160];
    snprintf(sql, sizeof sql,
             "INSERT INTO tally AS t VALUES (%d, 1) ON CONFLICT (id) DO UPDATE SET n = t.n + 1",
             key);
    while (!did_commit(PQexec(worker->conn, sql), worker->conn)) {
    }
}

static const char *const upsert_setup[] = {
    "DROP TABLE IF EXISTS tally",
    "CREATE TABLE tally (id int PRIMARY KEY, n bigint)",
    NULL,
};

/* ---- bank ---- */

static void transfer_body(struct worker *worker)
{
    int from = 1 + random_below(&worker->random, ACCOUNTS);
    int to = 1 + random_below(&worker->random, ACCOUNTS);
    int amount = 1 + random_below(&worker->random, 100);
    run_format(worker->conn, "UPDATE account SET balance = balance - %d WHERE id = %d", amount,
               from);
    run_format(worker->conn, "UPDATE account SET balance = balance + %d WHERE id = %d", amount, to);
}

static void transfer_once(struct worker *worker)
{
    commit_somehow(worker, transfer_body);
}

static const char *const bank_setup[] = {
    "DROP TABLE IF EXISTS account",
    "CREATE TABLE account (id int PRIMARY KEY, balance bigint)",
    "INSERT INTO account SELECT g, 1000 FROM generate_series(1, 20) g",
    NULL,
};

/* ---- foreign keys: parents come and go, children too ---- */

/* False if the constraint itself refused it, which its snapshot may well justify. */
static bool try_statement(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    bool is_refused = strcmp(client_sqlstate(result), "23503") == 0;
    if (!is_refused && *client_sqlstate(result) != '\0') {
        die("%s: %s", sql, PQerrorMessage(conn));
    }
    PQclear(result);
    return !is_refused;
}

/* The statements of one transaction, for a parent. */
static void churn_statement(struct worker *worker, int parent, char *sql, size_t size)
{
    switch (random_below(&worker->random, 5)) {
    case 0:
    case 1:
        snprintf(sql, size, "INSERT INTO child (parent_id) VALUES (%d)", parent);
        break;
    case 2:
        snprintf(sql, size, "DELETE FROM parent WHERE id = %d", parent);
        break;
    case 3:
        snprintf(sql, size,
                 "INSERT INTO parent VALUES (%d, 1) ON CONFLICT (id) DO UPDATE SET v = 2", parent);
        break;
    default:
        snprintf(sql, size, "DELETE FROM child WHERE parent_id = %d", parent);
        break;
    }
}

static bool churn(struct worker *worker)
{
    client_run(worker->conn, "BEGIN");
    for (int left = 1 + random_below(&worker->random, 3); left > 0; left--) {
        char sql[160];
        churn_statement(worker, 1 + random_below(&worker->random, PARENTS), sql, sizeof sql);
        if (!try_statement(worker->conn, sql)) {
            client_run(worker->conn, "ROLLBACK");
            return false;
        }
    }
    return did_commit(PQexec(worker->conn, "COMMIT"), worker->conn);
}

static void churn_once(struct worker *worker)
{
    while (!churn(worker)) {
    }
}

static const char *const foreign_key_setup[] = {
    "DROP TABLE IF EXISTS child",
    "DROP TABLE IF EXISTS parent",
    "CREATE TABLE parent (id int PRIMARY KEY, v int)",
    ("CREATE TABLE child (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "
     "parent_id int REFERENCES parent)"),
    "SET dsql_local.strict = off", /* or it would have to be built in the background */
    "CREATE INDEX child_parent_id ON child (parent_id)",
    NULL,
};

#define ORPHANS                                                                                    \
    "SELECT count(*) FROM child c WHERE NOT EXISTS "                                               \
    "(SELECT FROM parent p WHERE p.id = c.parent_id)"

static const struct scene scenes[] = {
    {"counter", counter_setup, count_once, NULL, 0, "SELECT sum(v) FROM counter", true},
    {"wide", wide_setup, widen_once, "SELECT count(*) FROM wide WHERE md5(body) <> sum", 0,
     "SELECT sum(v) FROM wide", true},
    {"hot_row", counter_setup, hot_once, NULL, 0, "SELECT sum(v) FROM counter", true},
    {"upsert", upsert_setup, upsert_once, "SELECT count(*) - count(DISTINCT id) FROM tally", 0,
     "SELECT sum(n) FROM tally", true},
    {"bank", bank_setup, transfer_once, "SELECT sum(balance) FROM account", ACCOUNTS *BALANCE,
     "SELECT sum(balance) FROM account", false},
    {"foreign_key", foreign_key_setup, churn_once, ORPHANS, 0, ORPHANS, false},
};

struct run {
    const struct scene *scene;
    int clients; /* processes that work; one more watches */
    int each;
};

static void expect(PGconn *conn, const char *sql, int64_t wanted)
{
    int64_t found = client_number(conn, sql);
    if (found != wanted) {
        die("%s gives %lld, not %lld", sql, (long long)found, (long long)wanted);
    }
}

static void watch(PGconn *conn, const struct run *run)
{
    for (int i = 0; run->scene->always != NULL && i < run->each; i++) {
        expect(conn, run->scene->always, run->scene->constant);
    }
}

static void work(int client, void *arg)
{
    const struct run *run = arg;
    struct worker worker = {client_connect(), random_start((uint64_t)getpid(), client)};
    if (client > run->clients) {
        watch(worker.conn, run);
    } else {
        for (int i = 0; i < run->each; i++) {
            run->scene->once(&worker);
        }
    }
    PQfinish(worker.conn);
}

static void set_up(const struct scene *scene)
{
    PGconn *conn = client_connect();
    for (const char *const *sql = scene->setup; *sql != NULL; sql++) {
        client_run(conn, *sql);
    }
    PQfinish(conn);
}

static void play(const struct scene *scene, int clients, int each)
{
    struct run run = {scene, clients, each};
    set_up(scene);
    in_processes(clients + 1, work, &run);
    PGconn *conn = client_connect();
    int64_t successes = (int64_t)clients * each;
    expect(conn, scene->total, scene->each_counts ? successes : scene->constant);
    PQfinish(conn);
    printf("%s: %lld transactions, exact\n", scene->name, (long long)successes);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    bool has_played = false;
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        if (strcmp(name, "all") == 0 || strcmp(name, scenes[i].name) == 0) {
            play(&scenes[i], (int)option_number(argc, argv, "clients", 8),
                 (int)option_number(argc, argv, "each", 100));
            has_played = true;
        }
    }
    if (!has_played) {
        die("usage: exact_totals all|counter|bank|foreign_key|upsert|wide|hot_row [--clients N] "
            "[--each N]");
    }
    return 0;
}
