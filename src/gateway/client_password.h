/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* CLIENT_PASSWORD: the password is an IAM token, which must be valid for this role. */
#ifndef DSQL_GATEWAY_CLIENT_PASSWORD_H
#define DSQL_GATEWAY_CLIENT_PASSWORD_H

#include "gateway/client_state.h"

/** Asks for the password and reads it, if the client has sent it ahead.  out goes first. */
void client_password_begin(struct client *client, struct buf *out);

void client_password_data(struct client *client, struct text bytes);

#endif
