/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's connection to PostgreSQL, through its Unix socket.  Passes its events to
 * the handlers of the client's state.
 */
#ifndef DSQL_GATEWAY_CLIENT_SERVER_H
#define DSQL_GATEWAY_CLIENT_SERVER_H

#include "gateway/client_state.h"

/** Changes to that state and starts connecting; on_server_open or on_server_end follows. */
void client_server_connect(struct client *client, enum client_state state);

/** Sends client->to_server. */
void client_server_send_first(struct client *client);

#endif
