/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The cluster that a command of `dsql local` is about, named by --dir or by default. */
#ifndef DSQL_CLI_LOCAL_CLUSTER_H
#define DSQL_CLI_LOCAL_CLUSTER_H

#include "cli/command.h"
#include "local/cluster.h"

#include <stdbool.h>

/**
 * Finds the cluster and reads nothing in it, so that a damaged one can be stopped and destroyed.
 * EXIT_DONE; otherwise the error has been printed and this is the exit status.
 */
int local_find(const struct command_line *line, struct cluster *cluster);

/** The same for commands that need a running cluster; reads cluster.json. */
int local_open_running(const struct command_line *line, struct cluster *cluster);

/** False, with an error printed, when there is no cluster in the directory. */
bool local_has_files(const struct cluster *cluster);

/** Prints a line of progress on standard error. */
void local_print_progress(const char *line);

#endif
