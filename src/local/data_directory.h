/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The data directory of a local cluster, as initdb creates it, with our settings added.
 * Settings that must hold in older clusters too are not in a file: postmaster.c passes them.
 */
#ifndef DSQL_LOCAL_DATA_DIRECTORY_H
#define DSQL_LOCAL_DATA_DIRECTORY_H

#include "local/cluster.h"

#include <dsql.h>

#include <stdbool.h>

bool data_directory_exists(const struct cluster *cluster);

/**
 * Runs initdb in data.new and renames that, so the directory is complete or missing.  Copies a
 * template instead, if there is one (data_template.h), and makes one.  templates: the directory of
 * the templates; "": none is used or made.
 */
dsql_status data_directory_create(const struct cluster *cluster, const char *bindir,
                                  const char *templates, dsql_error *err);

/** True if a restored data directory waits for the next start of PostgreSQL. */
bool data_directory_is_restored(const struct cluster *cluster);

/**
 * Puts a restored data directory into its place and removes the earlier one.  PostgreSQL must not
 * be running.  Completes what an earlier call has begun.
 */
dsql_status data_directory_replace(const struct cluster *cluster, dsql_error *err);

/** Fails, and says what to do, when PostgreSQL of another major version created it. */
dsql_status data_directory_check_version(const struct cluster *cluster, int major, dsql_error *err);

#endif
