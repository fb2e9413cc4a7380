/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The commands, one file each. */
#ifndef DSQL_CLI_COMMANDS_H
#define DSQL_CLI_COMMANDS_H

#include "cli/command.h"

#include <dsql.h>

extern const struct command local_commands[];

extern const struct command_option token_options[];
int token_run(const struct command_line *line);

int psql_run(const struct command_line *line);

int exec_run(const struct command_line *line);

extern const struct command_option credentials_options[];
int credentials_run(const struct command_line *line);

extern const struct command_option doctor_options[];
int doctor_run(const struct command_line *line);

/** Prints the error and gives the exit status that goes with it. */
int cli_fail(const dsql_error *err);

#endif
