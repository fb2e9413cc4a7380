/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Values that a POSIX shell reads back as they are. */
#ifndef DSQL_CLI_SHELL_QUOTE_H
#define DSQL_CLI_SHELL_QUOTE_H

/** Prints the value in single quotes on standard output. */
void print_shell_quoted(const char *value);

#endif
