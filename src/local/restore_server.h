/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The server that a restore loads a file into: a second PostgreSQL in the cluster's directory,
 * with a data directory and a socket of its own.  No client reaches it.  If it succeeds, its data
 * directory becomes the cluster's.
 */
#ifndef DSQL_LOCAL_RESTORE_SERVER_H
#define DSQL_LOCAL_RESTORE_SERVER_H

#include "local/cluster.h"
#include "local/cluster_lock.h"
#include "local/extension.h"
#include "local/postgres_install.h"

#include <dsql.h>
#include <libpq-fe.h>

#include <sys/types.h>

struct restore_server {
    const struct cluster *target;
    struct cluster cluster; /* the same with other paths: for the functions of this folder */
    char archive[CLUSTER_PATH_SIZE], list[CLUSTER_PATH_SIZE];
    struct cluster_lock lock;
    pid_t pid; /* 0: not running */
};

void restore_server_init(struct restore_server *server, const struct cluster *target);

/** Only one restore at a time; the lock is held until the process ends. */
dsql_status restore_server_lock(struct restore_server *server, dsql_error *err);

/** Creates the data directory and schema sys, and connects as the owner; NULL: it failed. */
PGconn *restore_server_start(struct restore_server *server, const struct extension *extension,
                             const char *bindir, dsql_error *err);

/** Stops it in order, with all data on the disk. */
dsql_status restore_server_stop(struct restore_server *server, dsql_error *err);

/** From here on the cluster's next start uses the data directory. */
dsql_status restore_server_commit(const struct restore_server *server, dsql_error *err);

/** Ends what may be running and removes the files. */
void restore_server_discard(struct restore_server *server);

/** Removes what a restore that was killed has left, unless one is running. */
void restore_server_clean_up(const struct cluster *target);

#endif
