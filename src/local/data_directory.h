/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The data directory of a local cluster: made by initdb, with our settings. */
#ifndef DSQL_LOCAL_DATA_DIRECTORY_H
#define DSQL_LOCAL_DATA_DIRECTORY_H

#include "local/cluster.h"

#include <dsql.h>

#include <stdbool.h>

bool data_directory_exists(const struct cluster *cluster);

/** initdb, with our settings.  Done aside and renamed: whole or not at all. */
dsql_status data_directory_create(const struct cluster *cluster, const char *bindir,
                                  dsql_error *err);

/** Fails, and says what to do, when PostgreSQL of another major version created it. */
dsql_status data_directory_check_version(const struct cluster *cluster, int major, dsql_error *err);

#endif
