/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Flow control between a client and the connection that is lent to it: what the link has made is
 * written, and a side that sends faster than the other one reads is not read meanwhile.
 */
#ifndef DSQL_PROXY_CLIENT_FLOW_H
#define DSQL_PROXY_CLIENT_FLOW_H

#include "proxy/client.h"

/** Writes what there is for the client; before the greeting it is kept. */
void client_flow_to_client(struct session_client *session);
/** Writes what there is for the server, if there is one. */
void client_flow_to_server(struct session_client *session);
/** Reads the client, or not, by how much of it waits. */
void client_flow_limit(struct session_client *session);

#endif
