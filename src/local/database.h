/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Connecting to the PostgreSQL under a local cluster, over its Unix socket and without the gateway.
 */
#ifndef DSQL_LOCAL_DATABASE_H
#define DSQL_LOCAL_DATABASE_H

#include "local/cluster.h"

#include <dsql.h>
#include <libpq-fe.h>

#include <stdbool.h>

/** Over the Unix socket, without the gateway. */
PGconn *database_connect(const struct cluster *cluster, const char *user, dsql_error *err);

/** Statements of ours, one transaction unless they say otherwise. */
dsql_status database_run(PGconn *conn, const char *sql, dsql_error *err);

/** Whether a statement has succeeded; if not, the error that the server gave. */
bool database_is_success(const PGresult *result);
dsql_status database_query_failed(PGconn *conn, PGresult *result, dsql_error *err);

/** Takes the variables that libpq would read out of the environment. */
void database_forget_environment(void);

#endif
