/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Pools on the temporary PostgreSQL with a clock that the test controls.  Time advances only when
 * the test says so, or by a step at each reading of the clock.
 */
#ifndef TEST_SUPPORT_POOLS_H
#define TEST_SUPPORT_POOLS_H

#include "pool/pool.h"

#include <pthread.h>
#include <stdatomic.h>

struct pools_time {
    atomic_llong now_ms;
    atomic_llong step_ms;      /* added at each reading */
    _Atomic(pthread_t) tester; /* has called pools_parts(); only its readings move the clock */
};
extern struct pools_time pools_time;

/** max slots, connections without TLS, no jitter, no validation of idle ones.  May be changed. */
struct pool_parts pools_parts(int max, int acquire_timeout_ms);

/** These end the test when they fail. */
dsql_pool *pools_open(const struct pool_parts *parts);
PGconn *pools_acquire(dsql_pool *pool);
dsql_pool_stats pools_stats(dsql_pool *pool);
/** True if SELECT 1 succeeds. */
bool pools_works(PGconn *conn);
/** The first field of the result as a number, or -1 if there is none. */
long pools_ask(PGconn *conn, const char *sql);

#endif
