/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* CLIENT_CANCELING: passes a cancel request on to PostgreSQL, which knows the keys. */
#ifndef DSQL_GATEWAY_CLIENT_CANCEL_H
#define DSQL_GATEWAY_CLIENT_CANCEL_H

#include "gateway/client_state.h"

/** Connects to PostgreSQL for a CancelRequest, which is copied. */
void client_cancel_begin(struct client *client, struct text request);

/** Handlers of this state; what the client sends after its request is ignored. */
void client_cancel_server_open(struct client *client);
void client_cancel_server_end(struct client *client);

#endif
