/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "pools.h"

#include "base/error.h"
#include "postgres.h"

#include <stdio.h>
#include <stdlib.h>

struct pools_time pools_time;

static PGconn *open_plain(void *arg, int64_t deadline_ms, dsql_error *err)
{
    (void)arg;
    (void)deadline_ms;
    PGconn *conn = PQconnectdb(postgres_conninfo());
    if (PQstatus(conn) != CONNECTION_OK) {
        fail(err, DSQL_ERR_CONNECT, "%s", PQerrorMessage(conn));
        PQfinish(conn);
        return NULL;
    }
    return conn;
}

static int64_t look(void *arg)
{
    (void)arg;
    bool is_tester = pthread_equal(pthread_self(), atomic_load(&pools_time.tester)) != 0;
    return atomic_fetch_add(&pools_time.now_ms, is_tester ? atomic_load(&pools_time.step_ms) : 0);
}

static uint64_t no_jitter(void *arg)
{
    (void)arg;
    return 0;
}

struct pool_parts pools_parts(int max, int acquire_timeout_ms)
{
    static const struct clock clock = {.monotonic_ms = look};
    static const struct random_source random = {.next = no_jitter};
    atomic_store(&pools_time.tester, pthread_self());
    return (struct pool_parts){
        .pool = {.max = max,
                 .max_lifetime_s = 3300,
                 .max_idle_s = 600,
                 .acquire_timeout_ms = acquire_timeout_ms,
                 .validate_idle_s = -1},
        .connector = {.open = open_plain},
        .clock = &clock,
        .random = &random,
    };
}

static void die(const char *what)
{
    fprintf(stderr, "test pool: %s\n", what);
    abort();
}

dsql_pool *pools_open(const struct pool_parts *parts)
{
    dsql_error err = {0};
    dsql_pool *pool = pool_open_with(parts, &err);
    if (pool == NULL) {
        die(err.message);
    }
    return pool;
}

PGconn *pools_acquire(dsql_pool *pool)
{
    dsql_error err = {0};
    PGconn *conn = dsql_pool_acquire(pool, &err);
    if (conn == NULL) {
        die(err.message);
    }
    return conn;
}

dsql_pool_stats pools_stats(dsql_pool *pool)
{
    dsql_pool_stats stats;
    dsql_pool_get_stats(pool, &stats);
    return stats;
}

long pools_ask(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    bool has_value = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0;
    long value = has_value ? strtol(PQgetvalue(result, 0, 0), NULL, 10) : -1;
    PQclear(result);
    return value;
}

bool pools_works(PGconn *conn)
{
    return pools_ask(conn, "SELECT 1") == 1;
}
