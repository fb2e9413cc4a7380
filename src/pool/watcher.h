/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread of a pool that ends the waits of connections in use, see watch.h.  It starts with the
 * first watch (pool_watch() in pool.h).
 */
#ifndef DSQL_POOL_WATCHER_H
#define DSQL_POOL_WATCHER_H

#include <dsql.h>

/** Ends the thread and waits for that.  The pool's lock is not held. */
void watcher_stop(dsql_pool *pool);

#endif
