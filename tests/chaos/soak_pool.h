/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* What the bank of a soak asks of its pools: those things that must be the same at each rest. */
#ifndef TEST_CHAOS_SOAK_POOL_H
#define TEST_CHAOS_SOAK_POOL_H

#include <dsql.h>

/** Connections and credentials that live for seconds.  Ends the program on failure. */
dsql_pool *soak_pool_open(const char *port, const char *profile, int connections);

/** dsql_pool_acquire(), as an event loop does it. */
PGconn *soak_pool_acquire_polled(dsql_pool *pool, dsql_error *err);

/** A few conflicts besides those that happen. */
void soak_pool_inject_conflicts(dsql_pool *pool);

/** Jobs that are still not finished after a minute. */
long soak_pool_unfinished_jobs(dsql_pool *pool);

/** Jobs that have completed without a valid index, and indexes that disagree with the ledger. */
long soak_pool_wrong_indexes(dsql_pool *pool);

/**
 * Prints NAME_COUNTER=VALUE for each counter.  "drift" is what must be 0: connections that the
 * pool's own counters cannot explain, and acquires that are not in its histogram.
 */
void soak_pool_print(const char *name, dsql_pool *pool);

void soak_ignore_notice(void *arg, const char *message);

#endif
