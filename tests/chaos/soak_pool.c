/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "soak_pool.h"

#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PATIENCE_TRIES = 300, CONNECTIONS_MAX = 64 };

static void pause_200_ms(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
}

void soak_ignore_notice(void *arg, const char *message)
{
    (void)arg;
    (void)message;
}

/* DROP INDEX IF EXISTS has a notice for each index that a killed server has not built. */
static dsql_status be_quiet(PGconn *conn, void *arg, dsql_error *err)
{
    (void)arg;
    (void)err;
    PQsetNoticeProcessor(conn, soak_ignore_notice, NULL);
    return DSQL_OK;
}

dsql_pool *soak_pool_open(const char *port, const char *profile, int connections)
{
    dsql_error err = {0};
    dsql_pool *pool = dsql_pool_open(
        DSQL_OPTIONS(.host = getenv("CLUSTER_ENDPOINT"), .user = getenv("CLUSTER_USER"),
                     .port = port, .profile = profile, .pool_max = connections, .token_seconds = 5,
                     .max_lifetime_s = 20, .max_idle_s = 10, .validate_idle_s = 1,
                     .retry_base_ms = 1, .retry_max_ms = 50, .transaction_timeout_ms = 5000,
                     .leak_warn_s = 60, .on_connect = be_quiet),
        &err);
    if (pool == NULL) {
        fprintf(stderr, "%s\n", err.message);
        exit(EXIT_FAILURE);
    }
    return pool;
}

PGconn *soak_pool_acquire_polled(dsql_pool *pool, dsql_error *err)
{
    PGconn *conn = NULL;
    dsql_acquire *acquire = dsql_pool_acquire_start(pool, DSQL_HERE, err);
    while (acquire != NULL && dsql_acquire_poll(acquire, &conn, err) == PGRES_POLLING_READING) {
        struct pollfd ready = {.fd = dsql_acquire_socket(acquire), .events = POLLIN};
        poll(&ready, 1, dsql_acquire_wait_ms(acquire));
    }
    dsql_acquire_free(acquire);
    return conn;
}

/* A number, or -1 if the cluster does not answer for a minute. */
static long read_number(dsql_pool *pool, const char *sql)
{
    dsql_error err = {0};
    for (int i = 0; i < PATIENCE_TRIES; i++) {
        PGresult *result = dsql_exec(pool, sql, 0, NULL, &err);
        if (result != NULL) {
            long number = strtol(PQgetvalue(result, 0, 0), NULL, 10);
            PQclear(result);
            return number;
        }
        pause_200_ms();
    }
    fprintf(stderr, "%s: %s\n", sql, err.message);
    return -1;
}

void soak_pool_inject_conflicts(dsql_pool *pool)
{
    dsql_error err = {0};
    PQclear(
        dsql_exec(pool, "SELECT sys.inject_conflicts(0.02, relation => 'ledger')", 0, NULL, &err));
}

long soak_pool_unfinished_jobs(dsql_pool *pool)
{
    long count = 1;
    for (int i = 0; i < PATIENCE_TRIES && count != 0; i++) {
        count = read_number(pool, "SELECT count(*) FROM sys.jobs"
                                  " WHERE status IN ('submitted', 'processing')");
        if (count != 0) {
            pause_200_ms();
        }
    }
    return count;
}

/* Reads the ledger in one way that the planner is left. */
static dsql_status sum_work(PGconn *conn, const char *forbidden, char sum[static 64],
                            dsql_error *err)
{
    char sql[96];
    snprintf(sql, sizeof sql, "SET enable_%s = off", forbidden);
    dsql_status status = dsql_check_clear(conn, PQexec(conn, sql), err);
    PGresult *result = PQexec(conn, "SELECT count(*), sum(work) FROM ledger WHERE work >= 0");
    status = status == DSQL_OK ? dsql_check(conn, result, err) : status;
    if (status == DSQL_OK) {
        snprintf(sum, 64, "%s %s", PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1));
    }
    PQclear(result);
    PQclear(PQexec(conn, "RESET ALL"));
    return status;
}

struct sums {
    char by_index[64], by_heap[64];
};

/* An index scan does not know of bitmaps, so those are left out of both ways by their cost. */
static dsql_status sum_both_ways(PGconn *conn, void *arg, dsql_error *err)
{
    struct sums *sums = arg;
    dsql_status status = sum_work(conn, "seqscan", sums->by_index, err);
    return status == DSQL_OK ? sum_work(conn, "indexscan", sums->by_heap, err) : status;
}

long soak_pool_wrong_indexes(dsql_pool *pool)
{
    long wrong = read_number(pool, "SELECT count(*) FROM sys.jobs JOIN pg_index"
                                   " ON indexrelid = object_id"
                                   " WHERE status = 'completed' AND NOT indisvalid");
    struct sums sums = {0};
    dsql_error err = {0};
    if (dsql_transaction(pool, sum_both_ways, &sums, &err) != DSQL_OK) {
        fprintf(stderr, "the index is not compared: %s\n", err.message);
        return wrong;
    }
    bool is_same = strcmp(sums.by_index, sums.by_heap) == 0;
    if (!is_same) {
        fprintf(stderr, "by the index the ledger has %s, by the table %s\n", sums.by_index,
                sums.by_heap);
    }
    return wrong + (is_same ? 0 : 1);
}

/* ---- Counters ---- */

static int drift_of(const dsql_pool_stats *stats)
{
    uint64_t waits = 0;
    for (int i = 0; i < DSQL_POOL_WAITS; i++) {
        waits += stats->waits[i].count;
    }
    int connections = (int)(stats->opened - stats->closed) - stats->open;
    int places = stats->open - stats->idle - stats->in_use;
    return abs(connections) + abs(places) + abs((int)(stats->acquired - waits));
}

/* The pool's own thread may be opening, checking or closing one. */
static dsql_pool_stats stats_at_rest(dsql_pool *pool)
{
    dsql_pool_stats stats = {0};
    for (int i = 0; i < PATIENCE_TRIES / 10; i++) {
        dsql_pool_get_stats(pool, &stats);
        if (drift_of(&stats) + stats.in_use + stats.waiting == 0) {
            break;
        }
        pause_200_ms();
    }
    return stats;
}

/* Statements that were prepared and are still there on connections that were released. */
static long count_prepared(dsql_pool *pool, int connections)
{
    PGconn *conns[CONNECTIONS_MAX] = {NULL};
    long count = 0;
    dsql_error err = {0};
    for (int i = 0; i < connections && i < CONNECTIONS_MAX; i++) {
        conns[i] = dsql_pool_try_acquire(pool, NULL, &err);
        PGresult *result = conns[i] == NULL
                               ? NULL
                               : PQexec(conns[i], "SELECT count(*) FROM pg_prepared_statements");
        count += PQntuples(result) == 1 ? strtol(PQgetvalue(result, 0, 0), NULL, 10) : 0;
        PQclear(result);
    }
    for (int i = 0; i < connections && i < CONNECTIONS_MAX; i++) {
        dsql_pool_release(pool, conns[i]);
    }
    return count;
}

void soak_pool_print(const char *name, dsql_pool *pool)
{
    long prepared = count_prepared(pool, stats_at_rest(pool).idle);
    dsql_pool_stats stats = stats_at_rest(pool);
    printf("%s_open=%d %s_in_use=%d %s_waiting=%d %s_drift=%d %s_prepared=%ld %s_leaks=%" PRIu64
           " %s_opened=%" PRIu64 " %s_tokens=%" PRIu64 " ",
           name, stats.open, name, stats.in_use, name, stats.waiting, name, drift_of(&stats), name,
           prepared, name, stats.leaks, name, stats.opened, name, stats.tokens);
}
