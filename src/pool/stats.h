/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The totals of dsql_pool_stats.  The pool's lock guards them. */
#ifndef DSQL_POOL_STATS_H
#define DSQL_POOL_STATS_H

#include <dsql.h>

/** All zero, with the bounds of the wait times. */
void stats_init(dsql_pool_stats *stats);

/** Counts a connection that was acquired after that time. */
void stats_note_acquired(dsql_pool_stats *stats, int64_t waited_ms);

/** Counts a retry after a conflict, or after a lost connection (DSQL_OCC_NONE). */
void stats_note_retry(dsql_pool_stats *stats, dsql_occ kind);

#endif
