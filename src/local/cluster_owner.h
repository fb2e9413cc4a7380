/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The user who owns a cluster's files and runs its server, which differs from the caller when
 * root starts the cluster: PostgreSQL refuses to run as root.
 */
#ifndef DSQL_LOCAL_CLUSTER_OWNER_H
#define DSQL_LOCAL_CLUSTER_OWNER_H

#include "local/cluster.h"

#include <dsql.h>

/** Creates the directory for its owner; refuses one that holds something else. */
dsql_status cluster_owner_prepare(const struct cluster *cluster, dsql_error *err);

/** Changes to the owner's user and group for good; does nothing if it is the caller. */
dsql_status cluster_owner_become(const struct cluster *cluster, dsql_error *err);

#endif
