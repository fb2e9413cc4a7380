/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* What --help prints for a command, from the table of commands. */
#ifndef DSQL_CLI_HELP_H
#define DSQL_CLI_HELP_H

#include "cli/command_table.h"

/** Prints the help of a command.  path is what the user types for it: "dsql local start".
    Returns 0, or 1 if standard output failed. */
int help_print(const struct command *command, const char *path);

/** Prints a text whose first line begins in this column, wrapped at 80 columns; the other lines are
    indented as far. */
void help_print_text(const char *text, int column);

#endif
