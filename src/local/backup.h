/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A cluster's content in a file, and back.  The file is SQL: the roles, what pg_dump
 * says of everything but schema sys, and which identities may be which role.  Keys,
 * certificates and the cluster's name are not in it.
 */
#ifndef DSQL_LOCAL_BACKUP_H
#define DSQL_LOCAL_BACKUP_H

#include "local/cluster.h"

#include <dsql.h>

struct backup {
    const struct cluster *cluster; /* it must run */
    const char *pg_bindir;         /* NULL: look for it */
    const char *file;
    void (*progress)(const char *line);
};

/** Writes beside the file, then renames: it is whole or not there. */
dsql_status backup_dump(const struct backup *backup, dsql_error *err);

/** In one transaction: all of it or nothing. */
dsql_status backup_restore(const struct backup *backup, dsql_error *err);

#endif
