/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a user may come in with this password.  Pure but for find_identity: options
 * and a time in, a verdict out.
 */
#ifndef DSQL_GATEWAY_ACCESS_H
#define DSQL_GATEWAY_ACCESS_H

#include "gateway/fatal_error.h"
#include "gateway/gateway_options.h"

/** SNI must name the cluster, or localhost. */
bool access_check_server_name(const struct gateway_options *options, struct text name,
                              struct fatal_error *error);

/** Only "admin" and names that are nobody else's: not dsql_..., pg_..., not over 63 bytes. */
bool access_check_user(struct text user, struct fatal_error *error);

/** False: *error says why.  True: arn is who it is; the role may still be refused to it. */
bool access_check_token(const struct gateway_options *options, const char *user,
                        struct text password, int64_t now, char arn[GATEWAY_IDENTITY_ARN_SIZE],
                        struct fatal_error *error);

/** The query that asks the database whether arn may be the role just logged in as. */
bool access_mapping_query(struct text arn, struct buf *out);

#endif
