/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool's background thread.  It closes connections that are too old or idle for too long,
 * opens idle ones up to pool_min_idle, and logs those that are in use for too long.  The pool is
 * correct without it, only slower; slot.c wakes it when there is something to do.
 */
#ifndef DSQL_POOL_MAINTENANCE_H
#define DSQL_POOL_MAINTENANCE_H

#include <dsql.h>

/** Starts the thread if the settings need one.  The caller holds the pool's lock. */
dsql_status maintenance_start(dsql_pool *pool, dsql_error *err);

/** Waits until the thread has ended; is_closing is set.  The caller does not hold the lock. */
void maintenance_join(dsql_pool *pool);

#endif
