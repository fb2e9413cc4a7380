/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The process that a running cluster is. */
#ifndef DSQL_LOCAL_DAEMON_H
#define DSQL_LOCAL_DAEMON_H

#include "local/cluster.h"
#include "local/supervisor.h"

/** In a new process: all of it, reporting to report_fd until it is ready. */
_Noreturn void daemon_main(const struct cluster *cluster, const struct supervisor_options *options,
                           int report_fd);

#endif
