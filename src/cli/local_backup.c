/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* `dsql local dump` and `restore`. */
#include "cli/commands.h"
#include "cli/local_cluster.h"
#include "cli/local_commands.h"
#include "local/backup.h"

/*
 * Both need a running cluster, because PostgreSQL's own programs connect to it.  The missing file
 * is reported first, since it is the caller's mistake whatever the cluster does.
 */
static int run_backup(const struct command_line *line,
                      dsql_status (*step)(const struct backup *, dsql_error *))
{
    struct cluster cluster;
    dsql_error err = {0};
    const struct backup backup = {
        .cluster = &cluster,
        .pg_bindir = command_value(line, "pg-bindir"),
        .extension_dir = command_value(line, "extension-dir"),
        .file = command_argument(line, 0),
        .progress = local_print_progress,
    };
    if (backup.file == NULL) {
        return command_usage(line->command, "no file given");
    }
    int opened = local_open_running(line, &cluster);
    if (opened != EXIT_DONE) {
        return opened;
    }
    return step(&backup, &err) == DSQL_OK ? EXIT_DONE : cli_fail(&err);
}

int local_dump_run(const struct command_line *line)
{
    return run_backup(line, backup_dump);
}

int local_restore_run(const struct command_line *line)
{
    return run_backup(line, backup_restore);
}
