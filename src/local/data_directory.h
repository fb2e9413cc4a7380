/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The data directory of a local cluster: made by initdb, with our settings. */
#ifndef DSQL_LOCAL_DATA_DIRECTORY_H
#define DSQL_LOCAL_DATA_DIRECTORY_H

#include "local/cluster.h"

#include <dsql.h>

#include <stdbool.h>

bool database_has_data(const struct cluster *cluster);

/** initdb, with our settings.  Done aside and renamed: whole or not at all. */
dsql_status database_init(const struct cluster *cluster, const char *bindir, dsql_error *err);

#endif
