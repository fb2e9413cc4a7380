/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The content of a cluster as a file, and back.  The file is SQL: the roles, pg_dump's output
 * for everything but schema sys, and the mappings of identities to roles.  Access keys,
 * certificates and the cluster's name are not in it.
 */
#ifndef DSQL_LOCAL_BACKUP_H
#define DSQL_LOCAL_BACKUP_H

#include "local/cluster.h"

#include <dsql.h>

struct backup {
    const struct cluster *cluster; /* it must be running */
    const char *pg_bindir;         /* NULL: look for PostgreSQL's programs */
    const char *file;
    void (*progress)(const char *line);
};

/** Writes a file beside it and renames that, so an existing file is replaced or kept. */
dsql_status backup_dump(const struct backup *backup, dsql_error *err);

/** Runs the file in one transaction. */
dsql_status backup_restore(const struct backup *backup, dsql_error *err);

#endif
