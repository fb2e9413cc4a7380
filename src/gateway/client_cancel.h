/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* GATEWAY_CANCELING: passes a cancel request on to PostgreSQL, which knows the keys. */
#ifndef DSQL_GATEWAY_CLIENT_CANCEL_H
#define DSQL_GATEWAY_CLIENT_CANCEL_H

#include "gateway/client.h"

/** Connects to PostgreSQL for a CancelRequest, which is copied. */
void gateway_cancel_begin(struct session_client *session, struct text request);

/** Handlers of this state; what the client sends after its request is ignored. */
void gateway_cancel_server_open(struct session_client *session);
void gateway_cancel_server_end(struct session_client *session);

#endif
