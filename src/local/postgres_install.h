/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the programs of PostgreSQL on this machine: --pg-bindir, pg_config, then the
 * directories of Debian's packages.  Knows nothing of clusters.
 */
#ifndef DSQL_LOCAL_POSTGRES_INSTALL_H
#define DSQL_LOCAL_POSTGRES_INSTALL_H

#include "base/buf.h"

#include <dsql.h>

#include <stdbool.h>

enum { POSTGRES_OLDEST = 15, POSTGRES_BINDIR_SIZE = 512 };

/**
 * The directory with initdb and postgres, and their major version.  option is --pg-bindir; if
 * it is NULL, a server of version wanted is preferred, and otherwise the newest.
 */
dsql_status postgres_find(const char *option, int wanted, char bindir[POSTGRES_BINDIR_SIZE],
                          int *version, dsql_error *err);

/**
 * Appends lines that are others once the server has been installed again, whatever its version is.
 * False if it is not there.
 */
bool postgres_add_identity(struct buf *out, const char *bindir);

/** The major version in "postgres (PostgreSQL) 15.20": 15; 0 if there is no number. */
int postgres_parse_version(const char *text);

#endif
