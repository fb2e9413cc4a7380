/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What the library costs on a cluster, in rounds (see rounds.h), each beside libpq alone:
 *
 *     connect      dsql_connect(), with credentials and token ready: milliseconds
 *     plain        PQconnectdbParams() with the same parameters
 *     connect_cpu, plain_cpu    the same, in milliseconds of this process's processor time
 *     batch        as many rows as the number says through dsql_batch: rows a second
 *     copy         the same rows by COPY, in transactions as large as those of the batch
 *
 * usage: bench_cluster      (inside dsql local run)
 */
#include "rounds.h"

#include <dsql.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_OF_TRANSACTION = 3000, TEXT_SIZE = 64 };

struct bench {
    const dsql_options *options;
    dsql_pool *pool;
};

static void expect(bool condition, const char *message)
{
    if (!condition) {
        fprintf(stderr, "bench_cluster: %s\n", message);
        exit(1);
    }
}

/* ---- Connecting ---- */

static PGconn *connect_with_library(const struct bench *bench)
{
    dsql_error err = {0};
    PGconn *conn = dsql_connect(bench->options, &err);
    expect(conn != NULL, err.message);
    return conn;
}

/* The token is not made here: only connecting is measured. */
static PGconn *connect_with_libpq(const dsql_params *params)
{
    PGconn *conn = PQconnectdbParams(dsql_params_keywords(params), dsql_params_values(params), 0);
    expect(PQstatus(conn) == CONNECTION_OK, PQerrorMessage(conn));
    return conn;
}

static double connect_ms(void *arg, int count, double (*clock_ns)(void))
{
    double took_ns = 0;
    for (int i = 0; i < count; i++) {
        double start = clock_ns();
        PGconn *conn = connect_with_library(arg);
        took_ns += clock_ns() - start;
        PQfinish(conn);
    }
    return took_ns / 1e6 / count;
}

static double plain_ms(const struct bench *bench, int count, double (*clock_ns)(void))
{
    dsql_error err = {0};
    dsql_params *params = dsql_params_new(bench->options, &err);
    expect(params != NULL, err.message);
    double took_ns = 0;
    for (int i = 0; i < count; i++) {
        double start = clock_ns();
        PGconn *conn = connect_with_libpq(params);
        took_ns += clock_ns() - start;
        PQfinish(conn);
    }
    dsql_params_free(params);
    return took_ns / 1e6 / count;
}

static double measure_connect(void *arg, int count)
{
    return connect_ms(arg, count, rounds_now_ns);
}

static double measure_plain(void *arg, int count)
{
    return plain_ms(arg, count, rounds_now_ns);
}

static double measure_connect_cpu(void *arg, int count)
{
    return connect_ms(arg, count, rounds_cpu_ns);
}

static double measure_plain_cpu(void *arg, int count)
{
    return plain_ms(arg, count, rounds_cpu_ns);
}

/* ---- Rows ---- */

static void run(dsql_pool *pool, const char *sql)
{
    dsql_error err = {0};
    PGconn *conn = dsql_pool_acquire(pool, &err);
    expect(conn != NULL, err.message);
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    expect(status == PGRES_COMMAND_OK || status == PGRES_COPY_IN, PQerrorMessage(conn));
    PQclear(result);
    dsql_pool_release(pool, conn);
}

/* Each round has a table of its own, so that none is larger than those before. */
static void make_table(dsql_pool *pool)
{
    run(pool, "DROP TABLE IF EXISTS bench_rows");
    run(pool, "CREATE TABLE bench_rows (id bigint PRIMARY KEY, name text, amount int)");
}

static void values_of(int row, char id[TEXT_SIZE], char name[TEXT_SIZE], char amount[TEXT_SIZE])
{
    snprintf(id, TEXT_SIZE, "%d", row);
    snprintf(name, TEXT_SIZE, "the name of item %d", row);
    snprintf(amount, TEXT_SIZE, "%d", row % 1000);
}

static double measure_batch(void *arg, int rows)
{
    const struct bench *bench = arg;
    dsql_error err = {0};
    make_table(bench->pool);
    dsql_batch *batch =
        dsql_batch_new(bench->pool, "INSERT INTO bench_rows VALUES ($1, $2, $3)", 3, NULL, &err);
    expect(batch != NULL, err.message);
    double start = rounds_now_ns();
    for (int row = 0; row < rows; row++) {
        char id[TEXT_SIZE];
        char name[TEXT_SIZE];
        char amount[TEXT_SIZE];
        values_of(row, id, name, amount);
        const char *const values[] = {id, name, amount};
        expect(dsql_batch_add(batch, values, &err) == DSQL_OK, err.message);
    }
    expect(dsql_batch_flush(batch, &err) == DSQL_OK, err.message);
    double took_ns = rounds_now_ns() - start;
    dsql_batch_free(batch);
    return rows / (took_ns / 1e9);
}

static void copy_some(PGconn *conn, int first, int end)
{
    PQclear(PQexec(conn, "BEGIN"));
    PQclear(PQexec(conn, "COPY bench_rows FROM STDIN"));
    for (int row = first; row < end; row++) {
        char id[TEXT_SIZE];
        char name[TEXT_SIZE];
        char amount[TEXT_SIZE];
        char line[4 * TEXT_SIZE];
        values_of(row, id, name, amount);
        int len = snprintf(line, sizeof line, "%s\t%s\t%s\n", id, name, amount);
        expect(PQputCopyData(conn, line, len) == 1, PQerrorMessage(conn));
    }
    expect(PQputCopyEnd(conn, NULL) == 1, PQerrorMessage(conn));
    PGresult *result = PQgetResult(conn);
    expect(PQresultStatus(result) == PGRES_COMMAND_OK, PQerrorMessage(conn));
    PQclear(result);
    PQclear(PQgetResult(conn));
    result = PQexec(conn, "COMMIT");
    expect(PQresultStatus(result) == PGRES_COMMAND_OK, PQerrorMessage(conn));
    PQclear(result);
}

static double measure_copy(void *arg, int rows)
{
    const struct bench *bench = arg;
    dsql_error err = {0};
    make_table(bench->pool);
    PGconn *conn = dsql_pool_acquire(bench->pool, &err);
    expect(conn != NULL, err.message);
    double start = rounds_now_ns();
    for (int row = 0; row < rows; row += ROWS_OF_TRANSACTION) {
        int end = row + ROWS_OF_TRANSACTION;
        copy_some(conn, row, end < rows ? end : rows);
    }
    double took_ns = rounds_now_ns() - start;
    dsql_pool_release(bench->pool, conn);
    return rows / (took_ns / 1e9);
}

int main(void)
{
    static const struct round_kind kinds[] = {
        {"connect", measure_connect},
        {"plain", measure_plain},
        {"connect_cpu", measure_connect_cpu},
        {"plain_cpu", measure_plain_cpu},
        {"batch", measure_batch},
        {"copy", measure_copy},
        {NULL, NULL},
    };
    dsql_error err = {0};
    dsql_credentials_provider *provider = dsql_credentials_default(NULL, &err);
    expect(provider != NULL, err.message);
    struct bench bench = {
        .options = DSQL_OPTIONS(.host = getenv("CLUSTER_ENDPOINT"), .credentials = provider)};
    bench.pool = dsql_pool_open(bench.options, &err);
    expect(bench.pool != NULL, err.message);
    int status = rounds_answer(kinds, &bench);
    dsql_pool_close(bench.pool, -1);
    dsql_credentials_unref(provider);
    return status;
}
