/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The clusters of the settings, as the proxy takes them: with the passwords from their files. */
#ifndef DSQL_CLI_PROXY_CLUSTERS_H
#define DSQL_CLI_PROXY_CLUSTERS_H

#include "base/secret.h"
#include "cli/proxy_settings.h"
#include "proxy/proxy_options.h"

struct proxy_clusters {
    struct proxy_cluster_options options[PROXY_TARGETS_MAX]; /* point into the settings */
    struct secret passwords[PROXY_TARGETS_MAX]; /* of servers that are not Aurora DSQL */
    size_t count;
};

/** All zero at first.  To be cleared in any case. */
dsql_status proxy_clusters_read(struct proxy_clusters *clusters,
                                const struct proxy_settings *settings, dsql_error *err);
void proxy_clusters_clear(struct proxy_clusters *clusters);

#endif
