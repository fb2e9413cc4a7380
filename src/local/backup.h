/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The contents of a cluster as one file, and back.  Access keys, certificates and the cluster's
 * name are not in it.
 */
#ifndef DSQL_LOCAL_BACKUP_H
#define DSQL_LOCAL_BACKUP_H

#include "local/cluster.h"

#include <dsql.h>

struct backup {
    const struct cluster *cluster; /* it must be running */
    const char *pg_bindir;         /* NULL: look for PostgreSQL's programs */
    const char *extension_dir;     /* NULL: beside this program; for restore */
    const char *file;              /* "-": standard output or input */
    void (*progress)(const char *line);
};

/** Writes a file beside it and renames that, so an existing file is replaced or kept. */
dsql_status backup_dump(const struct backup *backup, dsql_error *err);

/**
 * Loads the file into a new data directory, which takes the place of the cluster's in the end.
 * If it fails, the error says whether the cluster has changed.
 */
dsql_status backup_restore(const struct backup *backup, dsql_error *err);

#endif
