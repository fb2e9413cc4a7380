/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Many threads add to one counter by reading it and writing what they read plus one.
 * Without conflicts that are found, additions are lost.  Ends with the counter's value
 * and how many tries it took; fails when the counter is not exact.
 * Usage: contended_counter THREADS ADDITIONS
 */
#include <dsql.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS_MAX = 64 };

static dsql_pool *pool;
static long additions;
static atomic_long tries;
static atomic_long failures;

static dsql_status add_one(PGconn *conn, void *arg, dsql_error *err)
{
    (void)arg;
    atomic_fetch_add(&tries, 1);
    PGresult *result = PQexec(conn, "SELECT value FROM counter WHERE id = 1");
    dsql_status status = dsql_check(conn, result, err);
    if (status != DSQL_OK) {
        PQclear(result);
        return status;
    }
    char sql[128];
    snprintf(sql, sizeof sql, "UPDATE counter SET value = %s + 1 WHERE id = 1",
             PQgetvalue(result, 0, 0));
    PQclear(result);
    return dsql_check_clear(conn, PQexec(conn, sql), err);
}

static void *work(void *arg)
{
    (void)arg;
    for (long i = 0; i < additions; i++) {
        dsql_error err = {0};
        if (dsql_transaction(pool, add_one, NULL, &err) != DSQL_OK) {
            fprintf(stderr, "%s\n", err.message);
            atomic_fetch_add(&failures, 1);
        }
    }
    return NULL;
}

static dsql_status run(const char *sql, char *out, size_t size)
{
    dsql_error err = {0};
    PGresult *result = dsql_exec(pool, sql, 0, NULL, &err);
    if (result == NULL) {
        fprintf(stderr, "%s\n", err.message);
        return err.status;
    }
    snprintf(out, size, "%s", PQntuples(result) == 1 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    return DSQL_OK;
}

static int count(int threads)
{
    pthread_t thread[THREADS_MAX];
    char value[32] = "";
    if (run("CREATE TABLE IF NOT EXISTS counter (id int PRIMARY KEY, value bigint)", value,
            sizeof value) != DSQL_OK ||
        run("INSERT INTO counter VALUES (1, 0)"
            " ON CONFLICT (id) DO UPDATE SET value = 0",
            value, sizeof value) != DSQL_OK) {
        return EXIT_FAILURE;
    }
    for (int i = 0; i < threads; i++) {
        if (pthread_create(&thread[i], NULL, work, NULL) != 0) {
            return EXIT_FAILURE;
        }
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
    }
    if (run("SELECT value FROM counter WHERE id = 1", value, sizeof value) != DSQL_OK) {
        return EXIT_FAILURE;
    }
    printf("value %s tries %ld failures %ld\n", value, atomic_load(&tries), atomic_load(&failures));
    long wanted = threads * additions - atomic_load(&failures);
    return strtol(value, NULL, 10) == wanted && atomic_load(&failures) == 0 ? EXIT_SUCCESS
                                                                            : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    int threads = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0;
    additions = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
    if (threads < 1 || threads > THREADS_MAX || additions < 1) {
        fprintf(stderr, "usage: contended_counter THREADS ADDITIONS\n");
        return EXIT_FAILURE;
    }
    dsql_error err = {0};
    const dsql_options *options =
        DSQL_OPTIONS(.host = getenv("CLUSTER_ENDPOINT"), .user = getenv("CLUSTER_USER"),
                     .pool_max = threads, .max_attempts = 1000, .retry_base_ms = 1,
                     .retry_max_ms = 50);
    pool = dsql_pool_open(options, &err);
    if (pool == NULL) {
        fprintf(stderr, "%s\n", err.message);
        return EXIT_FAILURE;
    }
    int status = count(threads);
    if (dsql_pool_close(pool, 5000) != DSQL_OK) {
        return EXIT_FAILURE;
    }
    return status;
}
