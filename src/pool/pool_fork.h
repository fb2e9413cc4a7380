/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool and fork().  The child inherits the parent's sockets: whatever it sent there, and
 * be it a polite goodbye, would end or garble the parent's sessions.
 *
 * In the child, at once: the descriptor of each connection is put aside, /dev/null in its
 * slot, so that neither a query nor PQfinish() reaches the parent's server; what other
 * threads had lent or held is left behind (their stacks are not here).  Later, in the
 * first call on the pool: new places, all free, and a maintenance thread of its own.  Idle
 * connections are freed then; one that was lent may be given back, or PQfinish()ed, by
 * code that goes on in the child.  The parent notices nothing.
 */
#ifndef DSQL_POOL_POOL_FORK_H
#define DSQL_POOL_POOL_FORK_H

#include "pool/slot.h"

/** From now on forks are noticed.  False: out of memory. */
bool pool_fork_register(dsql_pool *pool);
/** Before the pool is freed: connections left behind do not come back to it. */
void pool_fork_unregister(dsql_pool *pool);

/** At the beginning of every call on a pool, without the lock.  False: out of memory. */
bool pool_fork_adopt(dsql_pool *pool);

/** Frees a connection that was lent before the fork; false: it was not.  Without the lock. */
bool pool_fork_release(dsql_pool *pool, PGconn *conn);

#endif
