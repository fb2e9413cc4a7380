/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Another program, logged in: it finds everything that libpq needs in its environment.
 * The token is there and nowhere else: other users can read argv.
 */
#ifndef DSQL_CLI_LOGIN_ENVIRONMENT_H
#define DSQL_CLI_LOGIN_ENVIRONMENT_H

#include "cli/command.h"

/**
 * Makes a token for the target of the command line, and becomes the program argv[0]
 * (argv ends with NULL).  Comes back only on failure, with an exit status; all is said.
 */
int login_environment_exec(const struct command_line *line, char **argv);

#endif
