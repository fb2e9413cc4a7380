/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A proxy's counters in the text format of Prometheus (version 0.0.4): a HELP and a TYPE line for
 * each metric, then a line for each cluster and each value of its own label.  A pure function.
 */
#ifndef DSQL_PROXY_METRICS_H
#define DSQL_PROXY_METRICS_H

#include "base/buf.h"
#include "proxy/proxy_counters.h"

#include <stddef.h>
#include <stdint.h>

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/** One cluster.  Its labels are cluster and port, which are different for each. */
struct metrics_cluster {
    const char *host;
    int port; /* where the proxy offers it */
    const struct proxy_counters *counters;
};

/** Appends all metrics.  now_s: Unix time, for the age of tokens. */
void metrics_write(struct buf *out, const struct metrics_cluster *clusters, size_t count,
                   int64_t now_s);

#endif
