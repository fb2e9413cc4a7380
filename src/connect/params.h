/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The keyword and value arrays for PQconnectStartParams(), for the libpq that is loaded. */
#ifndef DSQL_CONNECT_PARAMS_H
#define DSQL_CONNECT_PARAMS_H

#include "config/settings.h"
#include "connect/resolver.h"

#include <dsql.h>

/**
 * libpq_version is PQlibVersion(); tests pass others.  The resolver is used only for an interface
 * endpoint (settings->via).  NULL: see *err.

 */
dsql_params *params_build(const struct settings *settings, const char *token, int libpq_version,
                          const struct resolver *resolver, dsql_error *err);

#endif
