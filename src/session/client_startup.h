/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * SESSION_UNENCRYPTED and SESSION_ENCRYPTED: TLS, then the startup message or a cancel request,
 * which are the program's to answer.
 */
#ifndef DSQL_SESSION_CLIENT_STARTUP_H
#define DSQL_SESSION_CLIENT_STARTUP_H

#include "session/client.h"

/** The on_data of both states. */
void session_startup_data(struct session_client *client, struct text bytes);

#endif
