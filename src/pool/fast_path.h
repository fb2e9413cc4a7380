/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Acquiring and releasing without the pool's lock, when nothing has to be done but to pass a
 * connection on.  A released connection goes to the place of its thread in the thread cache, and
 * the next acquire of that thread takes it from there.  In all other cases these functions do
 * nothing, and the caller takes the lock.
 */
#ifndef DSQL_POOL_FAST_PATH_H
#define DSQL_POOL_FAST_PATH_H

#include "pool/slot.h"

/** NULL: the lock is needed. */
PGconn *fast_path_acquire(dsql_pool *pool);

/** False: the lock is needed, and the connection is still in use.  conn is only compared first. */
bool fast_path_release(dsql_pool *pool, PGconn *conn);

#endif
