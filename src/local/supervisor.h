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

/**
 * Starts the cluster, creating it if needed, and returns when it accepts connections on *port.
 * With is_init_only it creates the cluster, and *port is 0.
 */
dsql_status supervisor_start(const struct cluster *cluster, const struct start_options *options,
                             int *port, dsql_error *err);

/** Stops daemon and PostgreSQL and waits for both; *was_running may be false. */
dsql_status supervisor_stop(const struct cluster *cluster, bool *was_running, dsql_error *err);

/** Deletes a stopped cluster with its directory. */
dsql_status supervisor_destroy(const struct cluster *cluster, dsql_error *err);

#endif
