/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The PostgreSQL server of a local cluster as a process: starting it, waiting until it accepts
 * connections, and stopping a server whose daemon was killed.  It listens on a Unix socket
 * only, in a directory that no other user may enter.  Runs no SQL.
 */
#ifndef DSQL_LOCAL_POSTMASTER_H
#define DSQL_LOCAL_POSTMASTER_H

#include "local/cluster.h"

#include <dsql.h>
#include <libpq-fe.h>

#include <sys/types.h>

/**
 * Starts the server as a child; returns -1 on failure.  It shuts down when the calling process
 * ends, even by SIGKILL.  extra: more settings, "name=value" and a NULL at the end; or NULL.
 */
pid_t postmaster_start(const struct cluster *cluster, const char *bindir, const char *const *extra,
                       dsql_error *err);

/**
 * Waits until it accepts connections and returns one of its owner.  NULL when it has
 * terminated (*pid is then 0) or when 30 s have passed.
 */
PGconn *postmaster_wait(const struct cluster *cluster, pid_t *pid, dsql_error *err);

/** Stops a server that outlived its daemon, and removes a stale postmaster.pid. */
dsql_status postmaster_stop_orphan(const struct cluster *cluster, dsql_error *err);

#endif
