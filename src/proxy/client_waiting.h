/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* PROXY_WAITING: the client may come in, and gets a server connection. */
#ifndef DSQL_PROXY_CLIENT_WAITING_H
#define DSQL_PROXY_CLIENT_WAITING_H

#include "proxy/client.h"

/** Sends what is in out, and asks the cluster for a server connection. */
void proxy_waiting_begin(struct session_client *session, struct buf *out);
void proxy_waiting_data(struct session_client *session, struct text bytes);
void proxy_waiting_timeout(struct session_client *session);
/** It does not wait any more. */
void proxy_waiting_leave(struct proxy_client *client);

#endif
