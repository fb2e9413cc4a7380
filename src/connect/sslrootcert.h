/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Which certificates to trust, found without the user's help. */
#ifndef DSQL_CONNECT_SSLROOTCERT_H
#define DSQL_CONNECT_SSLROOTCERT_H

#include "config/settings.h"

#include <dsql.h>

/**
 * The value for libpq's sslrootcert: the ca_file option, PGSSLROOTCERT,
 * ~/.postgresql/root.crt, "system" where this libpq (PQlibVersion()) knows it, else the
 * bundle of the operating system.  Free with mem_free(); NULL: see *err.
 */
char *sslrootcert_find(const struct settings *settings, int libpq_version, dsql_error *err);

#endif
