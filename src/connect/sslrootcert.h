/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Finds the certificates to trust, so that the user need not configure any. */
#ifndef DSQL_CONNECT_SSLROOTCERT_H
#define DSQL_CONNECT_SSLROOTCERT_H

#include "config/settings.h"

#include <dsql.h>

/**
 * The value for libpq's sslrootcert: the ca_file option, PGSSLROOTCERT, ~/.postgresql/root.crt,
 * "system" if this version of libpq has it, or else the file of the operating system.  Free it
 * with mem_free().  An older libpq gets that file for "system" too.  NULL: see *err.
 */
char *sslrootcert_find(const struct settings *settings, int libpq_version, dsql_error *err);

#endif
