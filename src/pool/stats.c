/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Numbers only: whoever counts holds the pool's lock already, or takes it on a slow path. */
#include "pool/stats.h"

void stats_init(dsql_pool_stats *stats)
{
    static const int bounds_ms[DSQL_POOL_WAITS] = {1, 5, 10, 50, 100, 500, 1000, 5000, -1};
    *stats = (dsql_pool_stats){0};
    for (int i = 0; i < DSQL_POOL_WAITS; i++) {
        stats->waits[i].up_to_ms = bounds_ms[i];
    }
}

/* A clock that goes back must not make the sum wrong. */
void stats_note_acquired(dsql_pool_stats *stats, int64_t waited_ms)
{
    int64_t waited = waited_ms > 0 ? waited_ms : 0;
    int at = 0;
    while (at < DSQL_POOL_WAITS - 1 && waited > stats->waits[at].up_to_ms) {
        at++;
    }
    stats->waits[at].count++;
    stats->wait_total_ms += (uint64_t)waited;
    stats->acquired++;
}

void stats_note_retry(dsql_pool_stats *stats, dsql_occ kind)
{
    switch (kind) {
    case DSQL_OCC_DATA:
        stats->retries_oc000++;
        break;
    case DSQL_OCC_SCHEMA:
        stats->retries_oc001++;
        break;
    case DSQL_OCC_OTHER:
        stats->retries_other++;
        break;
    case DSQL_OCC_NONE:
    default:
        stats->retries_lost++;
        return;
    }
    stats->occ_retries++;
}
