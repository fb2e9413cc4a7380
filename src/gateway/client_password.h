/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* GATEWAY_PASSWORD: the password is an IAM token, which must be valid for this role. */
#ifndef DSQL_GATEWAY_GATEWAY_PASSWORD_H
#define DSQL_GATEWAY_GATEWAY_PASSWORD_H

#include "gateway/client.h"

/** Asks for the password and reads it, if the client has sent it ahead.  out goes first. */
void gateway_password_begin(struct session_client *session, struct buf *out);

void gateway_password_data(struct session_client *session, struct text bytes);

#endif
