/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The process of a running local cluster.  It has two jobs: it is the gateway, and it is the
 * parent of PostgreSQL.  When it exits, PostgreSQL shuts down, also after kill -9; when
 * PostgreSQL terminates, it starts it again.
 */
#ifndef DSQL_LOCAL_DAEMON_H
#define DSQL_LOCAL_DAEMON_H

#include "local/cluster.h"
#include "local/start_options.h"

/**
 * In a child process: detaches from the terminal, creates what the cluster lacks, serves, and
 * exits when the cluster is stopped.  Reports through report_fd (report.h).
 */
_Noreturn void daemon_main(const struct cluster *cluster, const struct start_options *options,
                           int report_fd);

/**
 * In this process, which has one thread: creates what the cluster lacks, serves, logs to standard
 * error, and returns after SIGTERM, SIGINT or SIGHUP, when the clients and PostgreSQL have ended.
 * DSQL_OK: PostgreSQL has shut down in order.  The directory has been prepared
 * (cluster_owner_prepare()).  If cluster_lock_is_busy(), another process has the cluster.  Wipes
 * the environment, and gives up root's rights if this is root.
 */
dsql_status daemon_serve(const struct cluster *cluster, const struct start_options *options,
                         dsql_error *err);

#endif
