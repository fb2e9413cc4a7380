/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the PostgreSQL extension dsql_local, which gives a local cluster its optimistic
 * concurrency control.  A cluster gets a copy of the module at each start: the server may run
 * as a user who cannot read the original, and a new build must not change a running server.
 * This module does not connect to the server; schema.h runs the SQL.
 */
#ifndef DSQL_LOCAL_EXTENSION_H
#define DSQL_LOCAL_EXTENSION_H

#include "base/buf.h"
#include "local/cluster.h"

#include <dsql.h>

#include <limits.h>

#define EXTENSION_NAME "dsql_local"

enum { EXTENSION_VERSION_SIZE = 64 };

/**
 * The extension's files.  The user who starts the cluster reads them; the cluster's owner,
 * who may be another user, writes and runs them.
 */
struct extension {
    char folder[PATH_MAX];
    int major;                            /* the version of PostgreSQL that it was built for */
    char version[EXTENSION_VERSION_SIZE]; /* of schema sys: "2.0123456789ab" */
    void *module;                         /* mapped, for write() only */
    size_t module_size;
    struct buf schema_sql;
    struct buf cluster_sql;
};

/**
 * Reads the files.  option is --extension-dir; if it is NULL, they are next to this program, in
 * a build tree or as installed.
 */
dsql_status extension_read(struct extension *extension, const char *option, dsql_error *err);
void extension_clear(struct extension *extension);

/** Fails, and says what to do, when the server has another major version. */
dsql_status extension_check_major(const struct extension *extension, int major, const char *bindir,
                                  dsql_error *err);

/** Copies the module into the cluster's directory. */
dsql_status extension_write(const struct extension *extension, const struct cluster *cluster,
                            dsql_error *err);

#endif
