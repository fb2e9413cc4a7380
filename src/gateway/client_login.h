/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * GATEWAY_CONNECTING, GATEWAY_LOGIN and GATEWAY_MAPPING: logs in to PostgreSQL as the role
 * that the client asked for.  "admin" is a right of the identity, which the token has
 * proved.  For any other role the gateway asks PostgreSQL, on the connection that it will
 * hand over, whether the role is mapped to the identity (AWS IAM GRANT).  Until the answer
 * is yes the client hears nothing.
 */
#ifndef DSQL_GATEWAY_GATEWAY_LOGIN_H
#define DSQL_GATEWAY_GATEWAY_LOGIN_H

#include "gateway/client.h"

/** Before any byte arrives: the version that clients see is Aurora DSQL's, not PostgreSQL's. */
void gateway_login_init(struct session_client *session);

/** Connected to PostgreSQL: sends the startup message. */
void gateway_login_server_open(struct session_client *session);

void gateway_login_server_data(struct session_client *session, struct text bytes);

#endif
