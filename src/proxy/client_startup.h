/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The startup message: what the client wants is written for the cluster, and it is decided how the
 * client proves who it is.
 */
#ifndef DSQL_PROXY_CLIENT_STARTUP_H
#define DSQL_PROXY_CLIENT_STARTUP_H

#include "proxy/client.h"

void proxy_startup_begin(struct session_client *session, const struct startup *startup);

#endif
