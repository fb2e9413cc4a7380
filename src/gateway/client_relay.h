/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * SESSION_RELAY: messages pass both ways.  Only what Aurora DSQL's SQL has and
 * PostgreSQL's lacks is rewritten (sql_rewriter.h).
 */
#ifndef DSQL_GATEWAY_SESSION_RELAY_H
#define DSQL_GATEWAY_SESSION_RELAY_H

#include "gateway/client.h"

/** Sends the greeting, then what the client has sent ahead to the server. */
void gateway_relay_begin(struct session_client *session);

/**
 * The handlers of the state's events, for the table in client_states.c.  bytes is what one read
 * brought: it may begin and end in the middle of a message.
 */
void gateway_relay_data(struct session_client *session, struct text bytes);
void gateway_relay_writable(struct session_client *session);
void gateway_relay_server_data(struct session_client *session, struct text bytes);
void gateway_relay_server_end(struct session_client *session);
void gateway_relay_server_writable(struct session_client *session);
void gateway_relay_timeout(struct session_client *session);

#endif
