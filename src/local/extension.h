/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The PostgreSQL extension dsql_local, which gives a local cluster its optimistic
 * concurrency: where its files are, and putting it into a cluster.  A cluster keeps
 * a copy of the module, made at each start: the server may run as a user that
 * cannot read the original, and a new build does not change a running server.
 */
#ifndef DSQL_LOCAL_EXTENSION_H
#define DSQL_LOCAL_EXTENSION_H

#include "base/buf.h"
#include "local/cluster.h"

#include <dsql.h>
#include <libpq-fe.h>

#include <limits.h>

#define EXTENSION_NAME    "dsql_local"
#define EXTENSION_VERSION "1.0"

/** The files' content: read as whoever starts the cluster, written as its owner. */
struct extension {
    char folder[PATH_MAX];
    int major; /* of the PostgreSQL it was built for */
    struct buf module;
    struct buf script;
};

/** option: --extension-dir, or NULL: beside this program, as built or as installed. */
dsql_status extension_read(struct extension *extension, const char *option, dsql_error *err);
void extension_clear(struct extension *extension);

/** An error that says what to do when the server is of another major version. */
dsql_status extension_check_major(const struct extension *extension, int major, const char *bindir,
                                  dsql_error *err);

/** Puts the module into the cluster's folder for it. */
dsql_status extension_write(const struct extension *extension, const struct cluster *cluster,
                            dsql_error *err);

/**
 * As the owner of a running server: fails when the module is not loaded, creates what
 * is missing, and moves the tables of an older cluster to its access method.
 */
dsql_status extension_install(const struct extension *extension, PGconn *conn, dsql_error *err);

#endif
