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

#endif
