/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The pools of one cluster: one for each role and database.  They share the connections that there
 * may be.
 */
#ifndef DSQL_PROXY_POOLS_H
#define DSQL_PROXY_POOLS_H

#include "proxy/pool.h"

enum { POOLS_MAX = 1000 }; /* roles and databases of one cluster */

struct pools;

/** NULL: no memory. */
struct pools *pools_new(struct cluster *cluster, uv_loop_t *loop);
/** Nothing is lent and nobody waits.  on_closed is called from the loop; then pools_free(). */
void pools_close(struct pools *pools, void (*on_closed)(void *arg), void *arg);
void pools_free(struct pools *pools);

/** Somebody else has asked the cluster for a connection: if there can be no more, one that is idle
    is closed. */
void pools_make_room(struct pools *pools);

/** The pool for this role and database.  NULL: no memory, or too many. */
struct pool *pools_find(struct pools *pools, struct text user, struct text database,
                        enum token_action action);

#endif
