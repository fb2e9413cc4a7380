/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A local cluster's life.  The daemon is one process with two jobs: it is the
 * gateway, and it is PostgreSQL's parent.  When it goes, PostgreSQL goes, also
 * after kill -9; when PostgreSQL goes, it starts it again.
 */
#ifndef DSQL_LOCAL_SUPERVISOR_H
#define DSQL_LOCAL_SUPERVISOR_H

#include "local/cluster.h"

#include <dsql.h>

#include <stdbool.h>

enum { SUPERVISOR_PORT_ANY_NEAR = -1, SUPERVISOR_FIRST_PORT = 5432, SUPERVISOR_PORTS = 100 };

struct supervisor_options {
    const char *pg_bindir;     /* NULL: look for it */
    const char *extension_dir; /* likewise */
    /* More for PostgreSQL: "name=value" ... NULL; or NULL. */
    const char *const *settings;
    int port; /* 0: any free one; SUPERVISOR_PORT_ANY_NEAR: last time's, 5432, ... */
    bool is_init_only;
    void (*progress)(const char *line);
};

/** Makes what is missing and (unless is_init_only) starts.  Returns when it answers. */
dsql_status supervisor_start(const struct cluster *cluster,
                             const struct supervisor_options *options, int *port, dsql_error *err);

/** Ends daemon and PostgreSQL and waits for both; *was_running may be false. */
dsql_status supervisor_stop(const struct cluster *cluster, bool *was_running, dsql_error *err);

/** Removes the stopped cluster and its folder. */
dsql_status supervisor_destroy(const struct cluster *cluster, dsql_error *err);

#endif
