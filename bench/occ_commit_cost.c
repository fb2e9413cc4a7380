/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The duration of COMMIT, as a function of the rows that the transaction has changed, and of the
 * intents that concurrent transactions have published.  The first should be linear, the second
 * constant or logarithmic.  One transaction stays open, so that published intents are kept.
 *
 * The rows are next to each other, or sparse: each on a page of its own.  For how long COMMIT has
 * the commit lock, the server reports in a message of level DEBUG1.
 *
 * usage: bench_occ_commit_cost [--intents N]      (inside extension/test/with_server)
 */
#include "client.h"
#include "cost.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { RUNS = 15, ROWS = 3000 };

static void run_format(PGconn *conn, const char *format, const char *table, int number)
{
    char sql[256];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(sql, sizeof sql, format, table, number);
#pragma GCC diagnostic pop
    client_run(conn, sql);
}

/* A COMMIT after changing that number of rows. */
static struct cost commit_cost(PGconn *conn, const char *table, int rows)
{
    client_run(conn, "BEGIN");
    run_format(conn, "UPDATE %s SET v = v + 1 WHERE id <= %d", table, rows);
    return cost_of(conn, "COMMIT");
}

static double median_us(PGconn *conn, const char *table, int rows)
{
    struct cost costs[RUNS];
    for (int i = 0; i < RUNS; i++) {
        costs[i] = commit_cost(conn, table, rows);
    }
    return (double)cost_median(costs, RUNS).cpu_ns / 1000;
}

/* Sparse: a page has one row, and room for its new version. */
static void make_table(PGconn *conn, const char *name, const char *using, int rows, bool is_sparse)
{
    char sql[256];
    snprintf(sql, sizeof sql, "CREATE TABLE %s (id int PRIMARY KEY, v int%s)%s%s", name,
             is_sparse ? ", filler char(1200) DEFAULT ''" : "", using,
             is_sparse ? " WITH (fillfactor = 10)" : "");
    client_run(conn, sql);
    for (int done = 0; done < rows; done += ROWS) {
        snprintf(sql, sizeof sql,
                 "INSERT INTO %s (id, v) SELECT g, 0 FROM generate_series(%d, %d) g", name,
                 done + 1, done + ROWS < rows ? done + ROWS : rows);
        client_run(conn, sql);
    }
}

/* Targets of COMMIT's cost, in terms of heap's; 0: there is none.  And of its time under the lock.
 */
enum { MAX_RATIO = 4, MAX_LOCK_US = 500 };

/* In turns, so that whatever else the machine does affects both alike. */
static void compare(PGconn *conn, const char *kind, int rows, int max_ratio)
{
    char heap_table[32];
    char ours_table[32];
    snprintf(heap_table, sizeof heap_table, "cost%s_heap", kind);
    snprintf(ours_table, sizeof ours_table, "cost%s_occ", kind);
    struct cost heap[RUNS];
    struct cost ours[RUNS];
    for (int i = 0; i < RUNS; i++) {
        heap[i] = commit_cost(conn, heap_table, rows);
        ours[i] = commit_cost(conn, ours_table, rows);
    }
    struct cost heap_ns = cost_median(heap, RUNS);
    struct cost ours_ns = cost_median(ours, RUNS);
    double ratio = (double)ours_ns.cpu_ns / (double)heap_ns.cpu_ns;
    /* They are sorted by it now. */
    double fastest = (double)ours[0].cpu_ns / (double)heap[0].cpu_ns;
    printf("local.commit%s_%-5d heap %7.3f ms  ours %7.3f ms  ratio %5.2f"
           "  (fastest: %.3f ms, %.3f ms, %.2f; with waiting: %.3f ms, %.3f ms)",
           kind, rows, (double)heap_ns.cpu_ns / 1e6, (double)ours_ns.cpu_ns / 1e6, ratio,
           (double)heap[0].cpu_ns / 1e6, (double)ours[0].cpu_ns / 1e6, fastest,
           (double)heap_ns.wall_ns / 1e6, (double)ours_ns.wall_ns / 1e6);
    if (max_ratio > 0) {
        printf("  <= %d %s", max_ratio, ratio <= max_ratio ? "met" : "MISSED");
    }
    puts("");
}

static void grow_rows(PGconn *conn, const char *kind)
{
    static const int sizes[] = {1, 10, 100, 1000, ROWS};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        compare(conn, kind, sizes[i], sizes[i] == ROWS ? MAX_RATIO : 0);
    }
}

static void note_lock_time(void *arg, const PGresult *notice)
{
    int *lock_us = arg;
    const char *message = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
    if (message != NULL) {
        (void)sscanf(message, "commit lock held for %d us", lock_us);
    }
}

static int lock_time_us(PGconn *conn, const char *table)
{
    int lock_us = -1;
    PQnoticeReceiver usual = PQsetNoticeReceiver(conn, note_lock_time, &lock_us);
    client_run(conn, "BEGIN");
    run_format(conn, "UPDATE %s SET v = v + 1 WHERE id <= %d", table, ROWS);
    client_run(conn, "SET LOCAL client_min_messages = debug1");
    client_run(conn, "COMMIT");
    PQsetNoticeReceiver(conn, usual, NULL);
    if (lock_us < 0) {
        die("the server does not report the time under the commit lock");
    }
    return lock_us;
}

static int by_value(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Time and not processor time: a process that is taken off the processor keeps the lock.  So this
 * depends on what else the machine does, but for the fastest COMMIT. */
static void time_lock(PGconn *conn, const char *kind)
{
    char table[32];
    snprintf(table, sizeof table, "cost%s_occ", kind);
    int times[RUNS];
    for (int i = 0; i < RUNS; i++) {
        times[i] = lock_time_us(conn, table);
    }
    qsort(times, RUNS, sizeof times[0], by_value);
    printf(
        "local.commit%s_lock_%-5d %7.3f ms under the commit lock (fastest: %.3f ms)  <= 0.5 %s\n",
        kind, ROWS, times[RUNS / 2] / 1e3, times[0] / 1e3,
        times[RUNS / 2] <= MAX_LOCK_US ? "met" : "MISSED");
}

static void grow_intents(PGconn *conn, int intents)
{
    make_table(conn, "cost_locked", "", intents, false);
    PGconn *reader = client_connect();
    client_run(reader, "BEGIN");
    client_run(reader, "SELECT count(*) FROM cost_occ");
    puts("concurrent intents    COMMIT of 1 row    of 100 rows");
    int published = 0;
    char table[32];
    for (int step = 0; step <= intents; step = step == 0 ? 100 : step * 10) {
        for (; published < step; published += 1000) {
            char sql[160];
            snprintf(sql, sizeof sql,
                     "SELECT count(*) FROM (SELECT FROM cost_locked WHERE id > %d AND id <= %d "
                     "FOR KEY SHARE) locked",
                     published, published + 1000 < step ? published + 1000 : step);
            client_run(conn, sql);
        }
        /* A new table: the open transaction keeps old row versions, which would add to the cost. */
        snprintf(table, sizeof table, "cost_among_%d", step);
        make_table(conn, table, "", 100, false);
        double one_us = median_us(conn, table, 1);
        printf("%18d %15.0f us %11.0f us\n", step, one_us, median_us(conn, table, 100));
    }
    client_run(reader, "COMMIT");
    PQfinish(reader);
}

int main(int argc, char **argv)
{
    PGconn *conn = client_connect();
    make_table(conn, "cost_heap", " USING heap", ROWS, false);
    make_table(conn, "cost_occ", "", ROWS, false);
    make_table(conn, "cost_sparse_heap", " USING heap", ROWS, true);
    make_table(conn, "cost_sparse_occ", "", ROWS, true);
    puts("COMMIT after changing that many rows, processor time:");
    grow_rows(conn, "");
    grow_rows(conn, "_sparse");
    time_lock(conn, "");
    time_lock(conn, "_sparse");
    grow_intents(conn, (int)option_number(argc, argv, "intents", 100000));
    PQfinish(conn);
    return 0;
}
