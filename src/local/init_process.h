/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What the first process of a container has to do.  For process 1 the kernel ignores signals that
 * have no handler, every orphan becomes its child, and when it ends, all other processes are
 * killed.  So a small process 1 passes signals on and waits, and the program is its child.
 */
#ifndef DSQL_LOCAL_INIT_PROCESS_H
#define DSQL_LOCAL_INIT_PROCESS_H

#include "base/clock.h"

#include <dsql.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** How long the other processes may take after the child was killed: PostgreSQL shuts down. */
enum { INIT_PROCESS_REST_MS = 20000 };

/** True if this process is the first one of its namespace. */
bool init_process_is_first(void);

/**
 * Forks.  In the child *status is not set, signals are as before, and true is returned: go on.  In
 * the parent it waits for the end of the child, passes SIGTERM, SIGINT, SIGHUP and SIGQUIT on to
 * it, and reaps orphans; then it returns false, and *status is the exit status of the child, or 128
 * plus the number of the signal that ended it.  A child that was killed may leave processes:
 * they are waited for, for rest_ms.  The process has one thread, and forks nothing else.
 */
bool init_process_fork(const struct clock *clock, int64_t rest_ms, int *status);

#endif
