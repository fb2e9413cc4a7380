/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread a pool, which closes what has been idle or alive for too long and
 * keeps pool_min_idle connections warm.  The pool works without it; it only is
 * earlier.
 */
#ifndef DSQL_POOL_MAINTENANCE_H
#define DSQL_POOL_MAINTENANCE_H

#include <dsql.h>

struct slot;

/** With the lock held. */
dsql_status maintenance_start(dsql_pool *pool, dsql_error *err);

/** After a change of a slot, with the lock held: wakes the thread if it sleeps too long for it. */
void maintenance_notice(dsql_pool *pool, const struct slot *slot);

/** Waits for the thread, which has seen is_closing and ended, or is about to. */
void maintenance_join(dsql_pool *pool);

#endif
