/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Finding the programs of PostgreSQL on this machine. */
#ifndef DSQL_LOCAL_POSTGRES_INSTALL_H
#define DSQL_LOCAL_POSTGRES_INSTALL_H

#include <dsql.h>

enum { POSTGRES_OLDEST = 15, POSTGRES_BINDIR_SIZE = 512 };

/**
 * The folder with initdb and postgres, and its version.  option: --pg-bindir or NULL:
 * then preferably one of version wanted, else the newest.
 */
dsql_status postgres_find(const char *option, int wanted, char bindir[POSTGRES_BINDIR_SIZE],
                          int *version, dsql_error *err);

/** The number in "postgres (PostgreSQL) 15.20": 15; 0 when there is none. */
int postgres_parse_version(const char *text);

#endif
