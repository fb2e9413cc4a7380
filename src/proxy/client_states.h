/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The table of what a client of the proxy does in each of its states. */
#ifndef DSQL_PROXY_CLIENT_STATES_H
#define DSQL_PROXY_CLIENT_STATES_H

#include "session/client_shared.h"

/** struct session_shared's program_arg must be a struct proxy_shared, and each listener's place a
    struct place. */
extern const struct session_program proxy_program;

#endif
