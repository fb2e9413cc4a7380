/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* What the commands of `dsql proxy` run. */
#ifndef DSQL_CLI_PROXY_COMMANDS_H
#define DSQL_CLI_PROXY_COMMANDS_H

#include "cli/command.h"

/** Each returns the exit status, and has printed its own error by then. */
int proxy_status_run(const struct command_line *line);
int proxy_wait_run(const struct command_line *line);
int proxy_env_run(const struct command_line *line);

#endif
