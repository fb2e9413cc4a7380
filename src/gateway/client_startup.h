/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The startup message.  Checks what can be checked without the password: TLS, server name, limits,
 * role and parameters.
 */
#ifndef DSQL_GATEWAY_CLIENT_STARTUP_H
#define DSQL_GATEWAY_CLIENT_STARTUP_H

#include "gateway/client.h"

void gateway_startup_begin(struct session_client *session, const struct startup *startup);

#endif
