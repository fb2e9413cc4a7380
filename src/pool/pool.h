/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool as the rest of the library sees it: opened with parts of the caller's choice, and
 * with what retried transactions need beyond the public functions of dsql.h.
 */
#ifndef DSQL_POOL_POOL_H
#define DSQL_POOL_POOL_H

#include "pool/parts.h"

#include <dsql.h>

/** As dsql_pool_open(), from parts.  Takes ownership of the connector, on failure too. */
dsql_pool *pool_open_with(const struct pool_parts *parts, dsql_error *err);

/** The parts that the pool was made of; valid as long as the pool. */
const struct pool_parts *pool_parts(const dsql_pool *pool);

/**
 * A pin keeps the pool from being freed: dsql_pool_close() waits for it as for a connection in
 * use.  A transaction pins its pool, because it holds no connection while it waits for a retry.
 */
void pool_pin(dsql_pool *pool);
void pool_unpin(dsql_pool *pool);

/** dsql_pool_acquire_at() with a time limit of its own; -1 waits without a limit. */
PGconn *pool_acquire_within(dsql_pool *pool, int timeout_ms, const char *place, dsql_error *err);

/** These count for dsql_pool_stats.  DSQL_OCC_NONE: after a lost connection. */
void pool_count_retry(dsql_pool *pool, dsql_occ kind);
void pool_count_give_up(dsql_pool *pool);

/**
 * Shuts the socket of a connection in use down at due_ms (monotonic), so that whatever waits for
 * it ends.  pool_unwatch() ends the watch; true: it has fired.  So does a release.
 */
void pool_watch(dsql_pool *pool, const PGconn *conn, int64_t due_ms);
bool pool_unwatch(dsql_pool *pool, const PGconn *conn);

#endif
