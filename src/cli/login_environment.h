/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs another program, logged in: everything that libpq needs is in its environment.
 * The token is only there, and never in an argument, which other users could read.
 */
#ifndef DSQL_CLI_LOGIN_ENVIRONMENT_H
#define DSQL_CLI_LOGIN_ENVIRONMENT_H

#include "cli/command.h"

/**
 * Makes a token for the cluster of the command line and replaces this process with the
 * program argv[0] (argv ends with NULL), so signals and exit status are the program's.
 * Returns only on failure, with an exit status; the error has been printed.
 */
int login_environment_exec(const struct command_line *line, char **argv);

#endif
