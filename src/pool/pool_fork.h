/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool and fork().  The child inherits the parent's sockets: anything it sends there, even the
 * Terminate message of PQfinish(), would end or garble the parent's sessions.
 *
 * At the fork, in the child: the descriptor of each connection is replaced by /dev/null, so that
 * neither a query nor PQfinish() reaches the parent's server.  Slots in use or reserved become
 * SLOT_INHERITED, because the threads that had them do not exist here.  Later, in the first call
 * on the pool: the child makes new slots and a maintenance thread of its own, and frees the idle
 * connections.  Inherited connections may be released, or PQfinish()ed, by code that runs on in
 * the child.  The parent notices nothing.
 */
#ifndef DSQL_POOL_POOL_FORK_H
#define DSQL_POOL_POOL_FORK_H

#include "pool/slot.h"

/** Installs the fork handlers of the pool.  False: out of memory. */
bool pool_fork_register(dsql_pool *pool);
/** Before the pool is freed: inherited connections must not refer to it any more. */
void pool_fork_unregister(dsql_pool *pool);

/**
 * Called first in every public function, without the lock: after a fork, makes the pool the
 * child's own.  Cheap otherwise.  False: out of memory.
 */
bool pool_fork_adopt(dsql_pool *pool);

/**
 * Calls visit for each pool of the process until it returns true.  No pool is freed meanwhile;
 * visit may take the pool's lock and no other.
 */
void pool_fork_visit_all(bool (*visit)(dsql_pool *pool, void *arg), void *arg);

/** Frees an inherited connection.  False: it is not one.  Called without the lock. */
bool pool_fork_release(dsql_pool *pool, PGconn *conn);

#endif
