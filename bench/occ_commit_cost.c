/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The duration of COMMIT, as a function of the rows that the transaction has changed, and of the
 * intents that concurrent transactions have published.  The first should be linear, the second
 * constant or logarithmic.  One transaction stays open, so that published intents are kept.
 *
 * usage: bench_occ_commit_cost [--intents N]      (inside extension/test/with_server)
 */
#include "client.h"
#include "cost.h"

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

static void make_table(PGconn *conn, const char *name, const char *using, int rows)
{
    char sql[128];
    snprintf(sql, sizeof sql, "CREATE TABLE %s (id int PRIMARY KEY, v int)%s", name, using);
    client_run(conn, sql);
    for (int done = 0; done < rows; done += ROWS) {
        snprintf(sql, sizeof sql, "INSERT INTO %s SELECT g, 0 FROM generate_series(%d, %d) g", name,
                 done + 1, done + ROWS < rows ? done + ROWS : rows);
        client_run(conn, sql);
    }
}

/* In turns, so that whatever else the machine does affects both alike. */
static void compare(PGconn *conn, int rows)
{
    struct cost heap[RUNS];
    struct cost ours[RUNS];
    for (int i = 0; i < RUNS; i++) {
        heap[i] = commit_cost(conn, "cost_heap", rows);
        ours[i] = commit_cost(conn, "cost_occ", rows);
    }
    struct cost heap_ns = cost_median(heap, RUNS);
    struct cost ours_ns = cost_median(ours, RUNS);
    printf("local.commit_%-5d heap %7.3f ms  ours %7.3f ms  ratio %5.2f"
           "  (with waiting: %.3f ms, %.3f ms)\n",
           rows, (double)heap_ns.cpu_ns / 1e6, (double)ours_ns.cpu_ns / 1e6,
           (double)ours_ns.cpu_ns / (double)heap_ns.cpu_ns, (double)heap_ns.wall_ns / 1e6,
           (double)ours_ns.wall_ns / 1e6);
}

static void grow_rows(PGconn *conn)
{
    static const int sizes[] = {1, 10, 100, 1000, ROWS};
    puts("COMMIT after changing that many rows, processor time:");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        compare(conn, sizes[i]);
    }
}

static void grow_intents(PGconn *conn, int intents)
{
    make_table(conn, "cost_locked", "", intents);
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
        make_table(conn, table, "", 100);
        double one_us = median_us(conn, table, 1);
        printf("%18d %15.0f us %11.0f us\n", step, one_us, median_us(conn, table, 100));
    }
    client_run(reader, "COMMIT");
    PQfinish(reader);
}

int main(int argc, char **argv)
{
    PGconn *conn = client_connect();
    make_table(conn, "cost_heap", " USING heap", ROWS);
    make_table(conn, "cost_occ", "", ROWS);
    grow_rows(conn);
    grow_intents(conn, (int)option_number(argc, argv, "intents", 100000));
    PQfinish(conn);
    return 0;
}
