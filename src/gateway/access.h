/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may connect: server name, role name and token.  No sockets and no clock: the time is
 * a parameter.  The error texts are those of Aurora DSQL where they are known.
 */
#ifndef DSQL_GATEWAY_ACCESS_H
#define DSQL_GATEWAY_ACCESS_H

#include "gateway/gateway_options.h"
#include "session/fatal_error.h"

/** The name from SNI must be the endpoint, another name of the cluster, or localhost.  False:
 * *error is set. */
bool access_check_server_name(const struct gateway_options *options, struct text name,
                              struct fatal_error *error);

/** Whether a role of this name can log in: it has up to 63 bytes and does not begin with dsql_ or
    pg_, which are reserved. */
bool access_is_user_name(struct text user);

/** False: it is no such name, and *error is set. */
bool access_check_user(struct text user, struct fatal_error *error);

/** Whether the password is a valid token for this user.  True: arn is the identity, which may
    still not be mapped to the role.  False: *error is set. */
bool access_check_token(const struct gateway_options *options, const char *user,
                        struct text password, int64_t now, char arn[GATEWAY_IDENTITY_ARN_SIZE],
                        struct fatal_error *error);

/** Writes the query that asks PostgreSQL whether arn is mapped to the role of the session. */
bool access_mapping_query(struct text arn, struct buf *out);

#endif
