/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The PostgreSQL server of a local cluster as a process: starting it, waiting for it,
 * stopping what an earlier life left behind.
 */
#ifndef DSQL_LOCAL_POSTMASTER_H
#define DSQL_LOCAL_POSTMASTER_H

#include "local/cluster.h"

#include <dsql.h>
#include <libpq-fe.h>

#include <sys/types.h>

/**
 * Forks it.  It ends when the calling process does, however that comes.  extra: further
 * "name=value" settings and a NULL, or NULL.
 */
pid_t postmaster_start(const struct cluster *cluster, const char *bindir, const char *const *extra,
                       dsql_error *err);

/** Waits until it answers; as its owner.  NULL: it ended, or 30 s have passed. */
PGconn *postmaster_wait(const struct cluster *cluster, pid_t *pid, dsql_error *err);

/** Ends a server that outlived its daemon, and removes what a dead one left. */
dsql_status postmaster_stop_orphan(const struct cluster *cluster, dsql_error *err);

#endif
