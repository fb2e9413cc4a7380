/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* PROXY_CANCELING: passes a cancel request on to the server connection of the client with the key.
 */
#ifndef DSQL_PROXY_CLIENT_CANCEL_H
#define DSQL_PROXY_CLIENT_CANCEL_H

#include "proxy/client.h"

void proxy_cancel_begin(struct session_client *session, struct text request);
/** The session is over.  Does nothing if it has canceled nothing. */
void proxy_cancel_release(struct proxy_client *client);

#endif
