/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Which identities may log in as which role: AWS IAM GRANT and REVOKE of the command line. */
#ifndef DSQL_LOCAL_ROLE_MAPPING_H
#define DSQL_LOCAL_ROLE_MAPPING_H

#include <dsql.h>
#include <libpq-fe.h>

/** CREATE ROLE when missing, then the mapping. */
dsql_status role_mapping_grant(PGconn *conn, const char *role, const char *arn, dsql_error *err);
dsql_status role_mapping_revoke(PGconn *conn, const char *role, const char *arn, dsql_error *err);

#endif
