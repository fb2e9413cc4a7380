/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold in a cluster's directory before anything in it is started or created: one table
 * of files, checks and remedies.  What a start can create again without a loss is not an error
 * here; it is created again by the module that owns it.
 */
#ifndef DSQL_LOCAL_CLUSTER_CHECK_H
#define DSQL_LOCAL_CLUSTER_CHECK_H

#include "local/cluster.h"

#include <dsql.h>

#include <stdint.h>

/* A new cluster has 50 MiB; an existing one needs room for a segment of the write-ahead log. */
#define CLUSTER_CHECK_NEW_BYTES   ((int64_t)64 << 20)
#define CLUSTER_CHECK_START_BYTES ((int64_t)24 << 20)

/**
 * As the owner, with the lock.  Fails at the first file that is damaged, and says which one and
 * what to do.  Gives the cluster's directories their modes again.  major: PostgreSQL's version;
 * free_bytes: what must be free on the disk.
 */
dsql_status cluster_check(const struct cluster *cluster, int major, int64_t free_bytes,
                          dsql_error *err);

#endif
