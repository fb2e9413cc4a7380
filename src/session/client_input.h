/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client has sent and was not read yet.  A client need not wait for answers: it may
 * send its password, and queries, ahead.  The memory is wiped before it is freed, as a password
 * may pass through it.  In SESSION_RELAY nothing is kept.
 */
#ifndef DSQL_SESSION_CLIENT_INPUT_H
#define DSQL_SESSION_CLIENT_INPUT_H

#include "session/client.h"

void session_input_init(struct session_client *client);

/** Adds bytes to client->in; closes a client that sends too many. */
void session_input_keep(struct session_client *client, struct text bytes);

/** Hands over all that was kept; the caller clears it. */
struct buf session_input_take(struct session_client *client);

#endif
