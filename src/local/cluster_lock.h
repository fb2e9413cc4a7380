/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a cluster is running: the daemon holds a lock (fcntl) on a file as long as it lives,
 * and the kernel knows which process that is.  A file with a process id would be wrong after
 * kill -9.
 */
#ifndef DSQL_LOCAL_CLUSTER_LOCK_H
#define DSQL_LOCAL_CLUSTER_LOCK_H

#include "local/cluster.h"

#include <dsql.h>

#include <sys/types.h>

/** Takes the lock for the life of the process; DSQL_ERR_USAGE when another one has it. */
dsql_status cluster_lock_take(const struct cluster *cluster, dsql_error *err);

/** The process that holds the lock; 0 if the cluster is not running. */
pid_t cluster_lock_holder(const struct cluster *cluster);

#endif
