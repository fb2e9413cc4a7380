/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The recording half of the random checker: many processes run random transactions on a
 * few small tables and write down all that they saw (history.md).  It judges nothing;
 * si_check does.  With one seed each client chooses the same statements for each of its
 * transactions.
 *
 * usage: si_record --dir DIRECTORY [--clients N] [--rows N] [--seconds N] [--seed N]
 *     [--ddl N]      N clients (up to 2) change definitions meanwhile
 *     [--vacuum 1]   and one cleans up
 *     [--kill 1]     the server may be killed
 *     [--tiny 1]     its shared tables are tiny
 *     [--gateway 1]  connects through the gateway
 *     [--epoch N]    goes on with the tables of the run before; N is new
 */
#include "recorder.h"
#include "workload.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { LAST_CLIENT = 900 };

/*
 * The tables are small: without these every scan would be of one kind.  The last one
 * takes long where cores are few, and DDL waits for statements: not together.  The
 * gateway refuses it.
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

static void choose_plans(struct recorder *recorder)
{
    const struct run *run = recorder->run;
    int choices = run->ddl_clients > 0 || run->is_gateway ? 3 : 4;
    char sql[300];
    snprintf(sql, sizeof sql, "%s", plans[recorder->client % choices]);
    char *rest = sql;
    for (char *one = strsep(&rest, ";"); one != NULL; one = strsep(&rest, ";")) {
        PQclear(PQexec(recorder->conn, one));
    }
}

static void work(int client, const struct run *run)
{
    struct recorder recorder;
    recorder_open(&recorder, client, run);
    choose_plans(&recorder);
    workload_prepare(&recorder);
    while (client_now_us() < run->until_us && !recorder.is_lost) {
        recorder_transaction(&recorder, workload_body);
    }
    printf("client %d: %" PRId64 " transactions, longest statement %" PRId64 " us, %s\n", client,
           recorder.transactions, recorder.longest_us, recorder.longest);
    recorder_close(&recorder);
}

/* Cleaning up must change nothing for anybody. */
static void clean_up(const struct run *run)
{
    PGconn *conn = recorder_connect(run);
    bool is_lost = false;
    for (int i = 0; client_now_us() < run->until_us && !is_lost; i++) {
        static const char *const tables[] = {"item",  "loose", "bag",  "parent",
                                             "child", "leaf",  "range"};
        static const char *const commands[] = {"VACUUM (TRUNCATE off)", "ANALYZE",
                                               "VACUUM (FREEZE, TRUNCATE off)"};
        char sql[100];
        snprintf(sql, sizeof sql, "%s si_%s", commands[i / 7 % 3], tables[i % 7]);
        PGresult *result = PQexec(conn, sql);
        is_lost = run->may_be_killed && recorder_is_lost(conn, result);
        if (!is_lost && *client_sqlstate(result) != '\0') {
            die("%s: %s", sql, PQerrorMessage(conn));
        }
        PQclear(result);
    }
    PQfinish(conn);
}

static void any_body(int client, void *arg)
{
    const struct run *run = arg;
    if (client <= run->clients) {
        work(client, run);
    } else if (client <= run->clients + run->ddl_clients) {
        workload_change_definitions(client, run);
    } else {
        clean_up(run);
    }
}

/*
 * False if it must be read again: the connection has ended, or a job that a killed worker left
 * has changed a definition meanwhile.
 */
static bool read_in_transaction(struct recorder *recorder, bool is_start)
{
    static const char *const ends[] = {"BEGIN", "COMMIT"};
    int64_t start_us = client_now_us();
    recorder_note(recorder, "begin %d 1 %" PRId64, recorder->client, start_us);
    for (int i = 0; i < 2; i++) {
        PGresult *result = PQexec(recorder->conn, ends[i]);
        recorder_failed(recorder, result);
        PQclear(result);
        if (i == 0 && !recorder->is_broken) {
            workload_read_all(recorder);
        }
    }
    if (recorder->is_broken && !recorder->is_lost && !recorder->is_stale) {
        die("could not read the tables");
    }
    recorder_note(recorder, "%s %" PRId64 " %" PRId64, is_start ? "load" : "final", start_us,
                  client_now_us());
    return !recorder->is_broken;
}

/*
 * What everybody starts with, and what is left at the end.  A server may be killed late.  Each
 * try begins the history anew.
 */
static void read_everything(const struct run *run, bool is_start, bool is_tiny)
{
    bool is_done = false;
    while (!is_done) {
        struct recorder recorder;
        recorder_open(&recorder, is_start ? 0 : LAST_CLIENT, run);
        workload_prepare(&recorder);
        if (is_tiny) {
            recorder_note(&recorder, "tiny");
        }
        is_done = read_in_transaction(&recorder, is_start);
        recorder_close(&recorder);
    }
}

int main(int argc, char **argv)
{
    int64_t seconds = option_number(argc, argv, "seconds", 5);
    struct run run = {
        .dir = option_text(argc, argv, "dir", NULL),
        .epoch = (int)option_number(argc, argv, "epoch", 0),
        .clients = (int)option_number(argc, argv, "clients", 8),
        .rows = (int)option_number(argc, argv, "rows", 20),
        .ddl_clients = (int)option_number(argc, argv, "ddl", 0),
        .is_gateway = option_number(argc, argv, "gateway", 0) != 0,
        .may_be_killed = option_number(argc, argv, "kill", 0) != 0,
        .seed = (uint64_t)option_number(argc, argv, "seed", (int64_t)getpid()),
    };
    bool has_vacuum = option_number(argc, argv, "vacuum", 0) != 0;
    if (run.dir == NULL || run.clients < 1 || run.rows < 2) {
        die("usage: si_record --dir DIRECTORY [--OPTION N ...]; see record.c");
    }
    printf("seed %" PRIu64 "\n", run.seed);
    if (run.epoch == 0) {
        workload_set_up(&run);
    }
    read_everything(&run, true, option_number(argc, argv, "tiny", 0) != 0);
    run.until_us = client_now_us() + seconds * 1000000;
    in_processes(run.clients + run.ddl_clients + (has_vacuum ? 1 : 0), any_body, &run);
    read_everything(&run, false, false);
    return 0;
}
