/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The PostgreSQL under a local cluster: finding it, making its data directory,
 * starting and stopping it, and what every cluster's database holds.  It listens
 * on a Unix socket only, in a folder that nobody else may enter.
 */
#ifndef DSQL_LOCAL_DATABASE_H
#define DSQL_LOCAL_DATABASE_H

#include "local/cluster.h"

#include <dsql.h>
#include <libpq-fe.h>

#include <stdbool.h>
#include <sys/types.h>

enum { POSTGRES_OLDEST = 15, POSTGRES_BINDIR_SIZE = 512 };

/**
 * The folder with initdb and postgres, and its version.  option: --pg-bindir or NULL:
 * then preferably one of version wanted, else the newest.
 */
dsql_status database_find(const char *option, int wanted, char bindir[POSTGRES_BINDIR_SIZE],
                          int *version, dsql_error *err);

/** The number in "postgres (PostgreSQL) 15.20": 15; 0 when there is none. */
int database_parse_version(const char *text);

bool database_has_data(const struct cluster *cluster);

/** initdb, with our settings.  Done aside and renamed: whole or not at all. */
dsql_status database_init(const struct cluster *cluster, const char *bindir, dsql_error *err);

/**
 * Forks it.  It ends when the calling process does, however that comes.  extra: further
 * "name=value" settings and a NULL, or NULL.
 */
pid_t database_spawn(const struct cluster *cluster, const char *bindir, const char *const *extra,
                     dsql_error *err);

/** Waits until it answers; as its owner.  NULL: it ended, or 30 s have passed. */
PGconn *database_wait(const struct cluster *cluster, pid_t *pid, dsql_error *err);

/** Ends a server that outlived its daemon, and removes what a dead one left. */
dsql_status database_stop_orphan(const struct cluster *cluster, dsql_error *err);

/** Roles, schema sys and its functions, unless they are there. */
dsql_status database_bootstrap(PGconn *conn, bool *is_new, dsql_error *err);

/** Takes the variables that libpq would read out of the environment. */
void database_forget_environment(void);

/** Statements of ours, one transaction unless they say otherwise. */
dsql_status database_run(PGconn *conn, const char *sql, dsql_error *err);

/** Over the Unix socket, without the gateway. */
PGconn *database_connect(const struct cluster *cluster, const char *user, dsql_error *err);

/** CREATE ROLE when missing, then the mapping. */
dsql_status database_iam_grant(PGconn *conn, const char *role, const char *arn, dsql_error *err);
dsql_status database_iam_revoke(PGconn *conn, const char *role, const char *arn, dsql_error *err);

#endif
