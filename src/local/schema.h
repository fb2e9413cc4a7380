/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* What the database of every local cluster holds. */
#ifndef DSQL_LOCAL_SCHEMA_H
#define DSQL_LOCAL_SCHEMA_H

#include <dsql.h>
#include <libpq-fe.h>

#include <stdbool.h>

/** Roles, schema sys and its functions, unless they are there. */
dsql_status database_bootstrap(PGconn *conn, bool *is_new, dsql_error *err);

#endif
