/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The duration of COMMIT, as a function of the rows that the transaction has changed, and of the
 * intents that concurrent transactions have published.  The first should be linear, the second
 * constant or logarithmic.  One transaction stays open, so that published intents are kept.
 *
 * usage: bench_occ_commit_cost [--intents N]      (inside extension/test/with_server)
 */
#include "client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { RUNS = 15, ROWS = 3000 };

static int compare_numbers(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static void run_format(PGconn *conn, const char *format, const char *table, int number)
{
    char sql[256];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(sql, sizeof sql, format, table, number);
#pragma GCC diagnostic pop
    client_run(conn, sql);
}

/* The median duration of COMMIT in microseconds, after changing that number of rows. */
static int64_t commit_us(PGconn *conn, const char *table, int rows)
{
    int64_t took_us[RUNS];
    for (int i = 0; i < RUNS; i++) {
        client_run(conn, "BEGIN");
        run_format(conn, "UPDATE %s SET v = v + 1 WHERE id <= %d", table, rows);
        int64_t start_us = client_now_us();
        client_run(conn, "COMMIT");
        took_us[i] = client_now_us() - start_us;
    }
    qsort(took_us, RUNS, sizeof took_us[0], compare_numbers);
    return took_us[RUNS / 2];
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

static void grow_rows(PGconn *conn)
{
    static const int sizes[] = {1, 10, 100, 1000, 3000};
    puts("rows changed    COMMIT, heap    COMMIT, dsql_local");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        int64_t heap_us = commit_us(conn, "cost_heap", sizes[i]);
        int64_t occ_us = commit_us(conn, "cost_occ", sizes[i]);
        printf("%12d %12" PRId64 " us %12" PRId64 " us\n", sizes[i], heap_us, occ_us);
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
        int64_t one_us = commit_us(conn, table, 1);
        printf("%18d %15" PRId64 " us %11" PRId64 " us\n", step, one_us,
               commit_us(conn, table, 100));
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
