/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What each command of `dsql local` runs.  One function for each row of the table in local.c;
 * each prints its own errors and returns the exit status of the process (see commands.h).
 */
#ifndef DSQL_CLI_LOCAL_COMMANDS_H
#define DSQL_CLI_LOCAL_COMMANDS_H

#include "cli/command.h"

int local_init_run(const struct command_line *line);
int local_start_run(const struct command_line *line);
/** What `start` does with --foreground. */
int local_foreground_run(const struct command_line *line);
int local_stop_run(const struct command_line *line);
int local_status_run(const struct command_line *line);
int local_env_run(const struct command_line *line);
int local_run_run(const struct command_line *line);
int local_logs_run(const struct command_line *line);
int local_destroy_run(const struct command_line *line);
int local_dump_run(const struct command_line *line);
int local_restore_run(const struct command_line *line);
int local_iam_grant_run(const struct command_line *line);
int local_iam_revoke_run(const struct command_line *line);
int local_iam_list_run(const struct command_line *line);

#endif
