/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* What the commands run: one file for each command. */
#ifndef DSQL_CLI_COMMANDS_H
#define DSQL_CLI_COMMANDS_H

#include "cli/command.h"

#include <dsql.h>

extern const struct command local_commands[];
extern const struct command proxy_commands[];
extern const struct command_option *const proxy_options[];

/**
 * Each returns the exit status of the process.  It has printed its own error by then, to standard
 * error, so that the output of a command can be piped.
 */
int token_run(const struct command_line *line);
int psql_run(const struct command_line *line);
int exec_run(const struct command_line *line);
int credentials_run(const struct command_line *line);
int doctor_run(const struct command_line *line);
int explain_run(const struct command_line *line);
int proxy_run(const struct command_line *line);
int completion_run(const struct command_line *line);

/** Prints one line on standard error, with the code of the message if it has one. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Prints the error, with its code; returns the exit status for it. */
int cli_fail(const dsql_error *err);

#endif
