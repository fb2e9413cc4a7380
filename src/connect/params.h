/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The keyword and value arrays for PQconnectStartParams(), for the libpq that is loaded. */
#ifndef DSQL_CONNECT_PARAMS_H
#define DSQL_CONNECT_PARAMS_H

#include "config/settings.h"

#include <dsql.h>

/** libpq_version is PQlibVersion(), from outside so that tests try others.  NULL: see *err. */
dsql_params *params_build(const struct settings *settings, const char *token, int libpq_version,
                          dsql_error *err);

#endif
