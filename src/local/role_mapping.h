/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Which IAM identities may log in as which database role: `dsql local iam`, which does what AWS
 * IAM GRANT and AWS IAM REVOKE do.  The mappings are rows of schema sys.
 */
#ifndef DSQL_LOCAL_ROLE_MAPPING_H
#define DSQL_LOCAL_ROLE_MAPPING_H

#include <dsql.h>
#include <libpq-fe.h>

/** Adds a mapping, creating the role (with LOGIN) if it does not exist. */
dsql_status role_mapping_grant(PGconn *conn, const char *role, const char *arn, dsql_error *err);
dsql_status role_mapping_revoke(PGconn *conn, const char *role, const char *arn, dsql_error *err);

/** Calls fn for each mapping, ordered by role and ARN. */
typedef void (*role_mapping_fn)(void *arg, const char *role, const char *arn);
dsql_status role_mapping_list(PGconn *conn, role_mapping_fn fn, void *arg, dsql_error *err);

#endif
