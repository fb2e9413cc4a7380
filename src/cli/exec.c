/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dsql exec: replaces itself with another program, logged in to the cluster.  Nothing
 * of dsql stays between the program and its caller: signals, terminal and exit status are the
 * program's own.
 */
#include "cli/commands.h"
#include "cli/login_environment.h"

int exec_run(const struct command_line *line)
{
    if (line->rest_count == 0) {
        return command_usage(line->command, "no program given: write it after --, as in "
                                            "'dsql exec -- python3 report.py'");
    }
    return login_environment_exec(line, line->rest); /* argv ends with NULL, and so does its rest */
}
