/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dsql psql: replaces itself with psql, logged in to the cluster.  psql is looked for in PATH and
 * gets the user's arguments unchanged; host, role and token are in its environment.
 */
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/login_environment.h"

/* Two more: the name of the program, and the NULL that ends argv. */
int psql_run(const struct command_line *line)
{
    size_t count = (size_t)line->rest_count;
    char program[] = "psql";
    char **argv = mem_new_array(count + 2, sizeof *argv);
    if (argv == NULL) {
        cli_error("out of memory");
        return EXIT_FAILED;
    }
    argv[0] = program;
    for (size_t i = 0; i < count; i++) {
        argv[i + 1] = line->rest[i];
    }
    int status = login_environment_exec(line, argv);
    mem_free(argv);
    return status;
}
