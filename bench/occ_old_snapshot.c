/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What an update of a hot row costs while another transaction keeps its snapshot open, so that no
 * version of the row may be removed: among few versions, and among many.
 *
 * usage: bench_occ_old_snapshot [--updates N]      (inside extension/test/with_server)
 */
#include "client.h"
#include "cost.h"

#include <stdio.h>

enum { SAMPLES = 200 };

struct table {
    const char *name;
    const char *update;
    PGconn *writer;
    struct cost costs[SAMPLES];
    double fresh_ms;
};

/* Of the next updates.  In turns, so that whatever else the machine does affects all alike. */
static void sample(struct table *tables, size_t n)
{
    for (int i = 0; i < SAMPLES; i++) {
        for (size_t t = 0; t < n; t++) {
            tables[t].costs[i] = cost_of(tables[t].writer, tables[t].update);
        }
    }
}

static void report(struct table *tables, size_t n, int64_t updates)
{
    for (size_t t = 0; t < n; t++) {
        double ms = (double)cost_median(tables[t].costs, SAMPLES).cpu_ns / 1e6;
        if (tables[t].fresh_ms == 0) {
            tables[t].fresh_ms = ms;
        }
        printf(
            "local.hot_row_old_snapshot %-4s after %5d updates  %6.3f ms  %5.2f times the first\n",
            tables[t].name, (int)updates, ms, ms / tables[t].fresh_ms);
    }
}

int main(int argc, char **argv)
{
    int64_t updates = option_number(argc, argv, "updates", 8000);
    struct table tables[] = {
        {.name = "heap", .update = "UPDATE hot_heap SET v = v + 1 WHERE id = 1"},
        {.name = "ours", .update = "UPDATE hot_occ SET v = v + 1 WHERE id = 1"},
    };
    size_t n = sizeof tables / sizeof tables[0];
    PGconn *conn = client_connect();
    client_run(conn, "CREATE TABLE hot_heap (id int PRIMARY KEY, v int) USING heap");
    client_run(conn, "CREATE TABLE hot_occ (id int PRIMARY KEY, v int)");
    client_run(conn, "INSERT INTO hot_heap SELECT g, 0 FROM generate_series(1, 1000) g");
    client_run(conn, "INSERT INTO hot_occ SELECT g, 0 FROM generate_series(1, 1000) g");
    for (size_t t = 0; t < n; t++) {
        tables[t].writer = client_connect();
    }
    client_run(conn, "BEGIN");
    client_run(conn, "SELECT count(*) FROM hot_heap, hot_occ WHERE hot_heap.id = hot_occ.id");
    for (int64_t done = 0; done <= updates; done += SAMPLES) {
        sample(tables, n);
        if (done % 2000 == 0) {
            report(tables, n, done);
        }
    }
    client_run(conn, "COMMIT");
    for (size_t t = 0; t < n; t++) {
        PQfinish(tables[t].writer);
    }
    PQfinish(conn);
    return 0;
}
