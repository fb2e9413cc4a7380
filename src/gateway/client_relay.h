/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * CLIENT_RELAY: messages pass both ways.  Only what Aurora DSQL's SQL has and
 * PostgreSQL's lacks is rewritten (sql_rewriter.h).
 */
#ifndef DSQL_GATEWAY_CLIENT_RELAY_H
#define DSQL_GATEWAY_CLIENT_RELAY_H

#include "gateway/client_state.h"

/** Sends the greeting, then what the client has sent ahead to the server. */
void client_relay_begin(struct client *client);

/**
 * The handlers of the state's events, for the table in client.c.  bytes is what one read brought:
 * it may begin and end in the middle of a message.
 */
void client_relay_data(struct client *client, struct text bytes);
void client_relay_writable(struct client *client);
void client_relay_server_data(struct client *client, struct text bytes);
void client_relay_server_end(struct client *client);
void client_relay_server_writable(struct client *client);
void client_relay_timeout(struct client *client);

#endif
