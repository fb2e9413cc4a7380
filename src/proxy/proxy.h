/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Offers clusters to PostgreSQL clients on this machine: a client connects as to any PostgreSQL,
 * and the proxy logs in to the cluster with a token.  One event loop, one thread; only what blocks
 * (credentials, tokens, DNS) runs in libuv's pool of threads.
 */
#ifndef DSQL_PROXY_PROXY_H
#define DSQL_PROXY_PROXY_H

#include "proxy/proxy_counters.h"
#include "proxy/proxy_options.h"

#include <dsql.h>

#include <uv.h>

struct proxy;

/** Listens, in this loop.  The options' strings must live as long as the proxy, except those of the
    clusters.  NULL: see *err, and nothing of the proxy is left in the loop. */
struct proxy *proxy_start(uv_loop_t *loop, const struct proxy_options *options, dsql_error *err);

/** The TCP port of a cluster, as the system has chosen it if the option was negative; 0: no TCP. */
int proxy_port(const struct proxy *proxy, size_t cluster);

/** Valid until proxy_offer() or proxy_free().  cluster: an index of the clusters that are offered.
 */
const struct proxy_counters *proxy_cluster_counters(const struct proxy *proxy, size_t cluster);

enum proxy_condition {
    PROXY_STARTING, /* a cluster has not had its first token */
    PROXY_READY,
    PROXY_DRAINING
};
enum proxy_condition proxy_condition(struct proxy *proxy);

/** How many clusters. */
struct proxy_changes {
    int added;
    int changed; /* its port is the same, and its settings are not */
    int removed;
};

/**
 * Offers these clusters from now on.  Those that are offered already with the same settings are not
 * touched.  Sessions of the others end with 57P01 as by proxy_stop().  On failure nothing changes.
 * May block as long as it takes to read files, and to find a region that is not in a host's name.
 */
dsql_status proxy_offer(struct proxy *proxy, const struct proxy_cluster_options *clusters,
                        size_t count, int64_t drain_ms, struct proxy_changes *changes,
                        dsql_error *err);

/** Reads certificate and key again.  On failure the old ones stay. */
dsql_status proxy_reload(struct proxy *proxy, dsql_error *err);

/**
 * Closes the listeners and ends every session with 57P01: idle ones at once, others when their
 * transaction ends, and after drain_ms all that are left.  on_stopped is called from the loop when
 * all have ended; then proxy_free() may be called.  A second call with 0 ends the wait.
 */
void proxy_stop(struct proxy *proxy, int64_t drain_ms, void (*on_stopped)(void *arg), void *arg);
void proxy_free(struct proxy *proxy);

#endif
