/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The options that say which cluster and who: the same for every command that connects. */
#ifndef DSQL_CLI_TARGET_H
#define DSQL_CLI_TARGET_H

#include "cli/command.h"

#include <dsql.h>

/** For a command's shared_options; psql's letters. */
extern const struct command_option target_options[];

/**
 * Host (argument, --host, CLUSTER_ENDPOINT, PGHOST), port, user, region, profile.  The
 * strings are the command line's.  False: no host; that has been said.
 */
bool target_read(const struct command_line *line, dsql_options *options);

/** A variable of the environment; NULL when unset or empty. */
const char *target_environment(const char *name);

#endif
