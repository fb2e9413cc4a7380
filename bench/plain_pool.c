/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "plain_pool.h"

#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>

static PGconn *open_plain(void *arg, int64_t deadline_ms, dsql_error *err)
{
    (void)arg;
    (void)deadline_ms;
    PGconn *conn = PQconnectdb("");
    if (PQstatus(conn) != CONNECTION_OK) {
        fail(err, DSQL_ERR_CONNECT, "%s", PQerrorMessage(conn));
        PQfinish(conn);
        return NULL;
    }
    return conn;
}

static _Noreturn void give_up(const dsql_error *err)
{
    fprintf(stderr, "bench: %s\n", err->message);
    exit(1);
}

PGconn *plain_connect(void)
{
    dsql_error err = {0};
    PGconn *conn = open_plain(NULL, -1, &err);
    if (conn == NULL) {
        give_up(&err);
    }
    return conn;
}

dsql_pool *plain_pool_open(int places, int trust_ms)
{
    const struct pool_parts parts = {
        .pool = {.max = places,
                 .max_lifetime_s = 3300,
                 .max_idle_s = 600,
                 .acquire_timeout_ms = -1,
                 .validate_idle_s = 30,
                 .trust_ms = trust_ms,
                 .overtake_ms = POOL_OVERTAKE_MS},
        .connector = {.open = open_plain},
        .clock = clock_system(),
        .random = random_system(),
    };
    dsql_error err = {0};
    dsql_pool *pool = pool_open_with(&parts, &err);
    if (pool == NULL) {
        give_up(&err);
    }
    return pool;
}
