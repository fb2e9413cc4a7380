/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * CLIENT_UNENCRYPTED and CLIENT_ENCRYPTED: TLS, then the startup message.  Checks what
 * can be checked without the password: server name, limits, role and parameters.
 */
#ifndef DSQL_GATEWAY_CLIENT_STARTUP_H
#define DSQL_GATEWAY_CLIENT_STARTUP_H

#include "gateway/client_state.h"

void client_startup_data(struct client *client, struct text bytes);

#endif
