/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The table of what a client of the gateway does in each of its states. */
#ifndef DSQL_GATEWAY_CLIENT_STATES_H
#define DSQL_GATEWAY_CLIENT_STATES_H

#include "session/client_shared.h"

/** struct session_shared's program_arg must be a struct gateway_shared. */
extern const struct session_program gateway_program;

#endif
