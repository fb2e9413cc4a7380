/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Pools on the throw-away PostgreSQL with a clock of the test's.  Time stands still unless
 * a test moves it, or makes each look at the clock take some.
 */
#ifndef TEST_SUPPORT_POOLS_H
#define TEST_SUPPORT_POOLS_H

#include "pool/pool.h"

#include <stdatomic.h>

struct pools_time {
    atomic_llong now_ms;
    atomic_llong step_ms; /* each look adds so much */
};
extern struct pools_time pools_time;

/** max places, plain connections, no jitter, nothing asked when idle; all may be changed. */
struct pool_parts pools_parts(int max, int acquire_timeout_ms);

/** These end the test when they fail. */
dsql_pool *pools_open(const struct pool_parts *parts);
PGconn *pools_acquire(dsql_pool *pool);
dsql_pool_stats pools_stats(dsql_pool *pool);
/** SELECT 1 succeeds. */
bool pools_works(PGconn *conn);
/** The first field of a result as a number; -1 when there is none. */
long pools_ask(PGconn *conn, const char *sql);

#endif
