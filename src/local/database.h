/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections to the PostgreSQL of a local cluster, over its Unix socket and not through the
 * gateway: no token is needed, since only the cluster's owner may enter the directory.
 */
#ifndef DSQL_LOCAL_DATABASE_H
#define DSQL_LOCAL_DATABASE_H

#include "local/cluster.h"

#include <dsql.h>
#include <libpq-fe.h>

#include <stdbool.h>

/**
 * Loads libpq and the libssl that it needs, for a command that must not stop halfway because it
 * cannot be loaded later: with a server running, or half of the files written.  Where libpq is
 * loaded late (cli/delayed/), the process ends if that fails.
 */
void database_load_libpq(void);

/** A connection as user, or NULL with err filled in. */
PGconn *database_connect(const struct cluster *cluster, const char *user, dsql_error *err);

/** Whether the server answers, and if it does, whether it is starting (PQPING_REJECT). */
PGPing database_ping(const struct cluster *cluster, const char *user);

/** Runs statements: one transaction, unless they have their own BEGIN and COMMIT. */
dsql_status database_run(PGconn *conn, const char *sql, dsql_error *err);

/** True if the statement has succeeded. */
bool database_is_success(const PGresult *result);

/** Fills err with the message and the SQLSTATE of a failed statement; DSQL_ERR_QUERY. */
dsql_status database_query_failed(PGconn *conn, PGresult *result, dsql_error *err);

/** Removes from the environment what libpq reads for the keywords that database_connect() does not
 * give. */
void database_forget_environment(void);

#endif
