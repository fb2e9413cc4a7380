/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool from inside: how it is made with a connector, a clock and a random
 * source of the caller's, and what the retrying of transactions asks of it.
 */
#ifndef DSQL_POOL_POOL_H
#define DSQL_POOL_POOL_H

#include "base/clock.h"
#include "base/random.h"
#include "config/settings.h"

#include <dsql.h>

/** Where connections come from.  open runs without the pool's lock, on many threads at once. */
struct pool_connector {
    PGconn *(*open)(void *arg, int64_t deadline_ms, dsql_error *err);
    void (*destroy)(void *arg); /* once, when the pool goes or could not be made; may be NULL */
    void *arg;
};

/** Everything a pool is made of; copied, but clock and random must outlive it. */
struct pool_parts {
    struct pool_settings pool;
    struct retry_settings retry;
    struct logger logger;
    struct pool_connector connector;
    const struct clock *clock;
    const struct random_source *random;
};

/** As dsql_pool_open(); takes over the connector, also when it fails. */
dsql_pool *pool_open_with(const struct pool_parts *parts, dsql_error *err);

/** What the pool was made of; lives as long as the pool. */
const struct pool_parts *pool_parts(const dsql_pool *pool);

/**
 * For somebody who uses the pool for longer than one connection: between these two, closing
 * waits as if a connection were lent.  A transaction must not find its pool gone after a wait.
 */
void pool_pin(dsql_pool *pool);
void pool_unpin(dsql_pool *pool);

/** dsql_pool_acquire() with a patience of its own; -1 waits for ever. */
PGconn *pool_acquire_within(dsql_pool *pool, int timeout_ms, dsql_error *err);

/** One more transaction is tried again because of a conflict. */
void pool_count_occ_retry(dsql_pool *pool);

#endif
