/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client has sent and was not read yet.  A client need not wait for answers: it may
 * send its password, and queries, ahead.  The memory is wiped before it is freed, as a token
 * passes through it.  In CLIENT_RELAY nothing is kept.
 */
#ifndef DSQL_GATEWAY_CLIENT_INPUT_H
#define DSQL_GATEWAY_CLIENT_INPUT_H

#include "gateway/client_state.h"
#include "token/verify.h"

enum { CLIENT_PASSWORD_MAX = TOKEN_MAX_SIZE + 8 /* header and NUL */ };

void client_input_init(struct client *client);

/** Adds bytes to client->in; closes a client that sends too many. */
void client_input_keep(struct client *client, struct text bytes);

/** Hands over all that was kept; the caller clears it. */
struct buf client_input_take(struct client *client);

#endif
