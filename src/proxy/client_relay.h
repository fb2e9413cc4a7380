/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * SESSION_RELAY: messages pass both ways.  Before the service ends the server connection, an idle
 * session moves to a fresh one; one that cannot ends with 57P01.
 */
#ifndef DSQL_PROXY_CLIENT_RELAY_H
#define DSQL_PROXY_CLIENT_RELAY_H

#include "proxy/client.h"

/** Sends the greeting, then what the client has sent ahead to the server. */
void proxy_relay_begin(struct session_client *session, struct server *server);

void proxy_relay_data(struct session_client *session, struct text bytes);
void proxy_relay_writable(struct session_client *session);
void proxy_relay_server_data(struct session_client *session, struct text bytes);
void proxy_relay_server_end(struct session_client *session);
void proxy_relay_server_writable(struct session_client *session);
void proxy_relay_timeout(struct session_client *session);

/** The session ends with 57P01 as soon as it is idle, perhaps at once. */
void proxy_relay_end_when_idle(struct session_client *session);

/** Closes the server connections of a client that is over. */
void proxy_relay_release(struct proxy_client *client);

/** A cancel key of the proxy's own.  False: the system has no random numbers. */
bool proxy_relay_make_key(struct session_client *session) __attribute__((warn_unused_result));

#endif
