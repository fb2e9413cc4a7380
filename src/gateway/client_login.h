/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * CLIENT_CONNECTING, CLIENT_LOGIN and CLIENT_MAPPING: logs in to PostgreSQL as the role
 * that the client asked for.  "admin" is a right of the identity, which the token has
 * proved.  For any other role the gateway asks PostgreSQL, on the connection that it will
 * hand over, whether the role is mapped to the identity (AWS IAM GRANT).  Until the answer
 * is yes the client hears nothing.
 */
#ifndef DSQL_GATEWAY_CLIENT_LOGIN_H
#define DSQL_GATEWAY_CLIENT_LOGIN_H

#include "gateway/client_state.h"

/** Before any byte arrives: the version that clients see is Aurora DSQL's, not PostgreSQL's. */
void client_login_init(struct client *client);

/** Connected to PostgreSQL: sends the startup message. */
void client_login_server_open(struct client *client);

void client_login_server_data(struct client *client, struct text bytes);

#endif
