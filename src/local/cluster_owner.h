/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The user who owns a cluster's files and runs its server, which differs from the caller when
 * root starts the cluster: PostgreSQL refuses to run as root.
 */
#ifndef DSQL_LOCAL_CLUSTER_OWNER_H
#define DSQL_LOCAL_CLUSTER_OWNER_H

#include "local/cluster.h"

#include <dsql.h>

#include <stdbool.h>

/** True if the directory holds a cluster, or what an interrupted first start has left. */
bool cluster_owner_has_cluster(const struct cluster *cluster);

/** True if the caller may ask whether the cluster is running, which other users often may. */
bool cluster_owner_is_visible(const struct cluster *cluster);

/**
 * Fails, and names the owner, if the cluster belongs to another user or is in a directory that the
 * caller may not enter.  A directory without a cluster is fine.
 */
dsql_status cluster_owner_check(const struct cluster *cluster, dsql_error *err);

/** Creates the directory for its owner; refuses one that holds something else. */
dsql_status cluster_owner_prepare(const struct cluster *cluster, dsql_error *err);

/** Changes to the owner's user and group for good; does nothing if it is the caller. */
dsql_status cluster_owner_become(const struct cluster *cluster, dsql_error *err);

/**
 * Runs the step as the owner: in this process, or, for root, in a child process, whose error is
 * passed on.  Memory that the step changes is the child's then.
 */
dsql_status cluster_owner_run(const struct cluster *cluster,
                              dsql_status (*step)(const struct cluster *cluster, void *arg,
                                                  dsql_error *err),
                              void *arg, dsql_error *err);

#endif
