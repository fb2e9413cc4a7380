/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting, stopping and deleting a local cluster, from the process of a command.  The
 * process that stays is the daemon (daemon.h); this module starts it and sends it signals,
 * and knows neither the gateway nor SQL.
 */
#ifndef DSQL_LOCAL_SUPERVISOR_H
#define DSQL_LOCAL_SUPERVISOR_H

#include "local/cluster.h"
#include "local/start_options.h"

#include <dsql.h>

#include <stdbool.h>
#include <sys/types.h>

/**
 * Starts the cluster, creating it if needed, and returns when it accepts connections on *port.
 * With is_init_only it creates the cluster, and *port is 0.  If cluster_lock_is_busy(), another
 * command was faster; look again.
 */
dsql_status supervisor_start(const struct cluster *cluster, const struct start_options *options,
                             int *port, dsql_error *err);

/**
 * Stops daemon and PostgreSQL and waits for both; *was_running may be false.  A server that does
 * not stop is stopped immediately after 15 s, and its processes are killed after 23 s; a daemon
 * that does not end is killed after 30 s.  progress is told.
 */
dsql_status supervisor_stop(const struct cluster *cluster, void (*progress)(const char *line),
                            bool *was_running, dsql_error *err);

/** Waits, as supervisor_stop() does, for a process that is stopping already. */
dsql_status supervisor_finish_stop(const struct cluster *cluster, pid_t pid,
                                   void (*progress)(const char *line), dsql_error *err);

/** Stops the cluster and deletes it with its directory. */
dsql_status supervisor_destroy(const struct cluster *cluster, void (*progress)(const char *line),
                               dsql_error *err);

/** True, with the reason in err, if PostgreSQL has terminated several times in a row. */
bool supervisor_is_hopeless(const struct cluster *cluster, pid_t pid, dsql_error *err);

#endif
