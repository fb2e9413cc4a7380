/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Which cluster to connect to, and as whom: the same for every command that connects. */
#ifndef DSQL_CLI_TARGET_H
#define DSQL_CLI_TARGET_H

#include "cli/command.h"

#include <dsql.h>

/** For the shared_options of a command that connects. */
extern const struct command_option *const target_options[];

/**
 * Sets host (argument, --host, CLUSTER_ENDPOINT, PGHOST), port, user, region and profile.
 * The strings belong to the command line.  False: no host was given, and the error has
 * been printed.
 */
bool target_read(const struct command_line *line, dsql_options *options);

/** Reads --expires-in.  False: it is not valid, and the error has been printed. */
bool target_read_token_seconds(const struct command_line *line, dsql_options *options);

/** The value of an environment variable; NULL if it is unset or empty. */
const char *target_environment(const char *name);

#endif
