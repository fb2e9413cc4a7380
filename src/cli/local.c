/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The table of `dsql local`: its commands, their options and their help. */
#include "cli/commands.h"
#include "cli/local_commands.h"
#include "cli/options.h"

static const struct command_option *const dir_option[] = {&option_dir, NULL};
static const struct command_option *const init_options[] = {&option_pg_bindir,
                                                            &option_extension_dir, NULL};
static const struct command_option *const backup_options[] = {&option_pg_bindir, NULL};
static const struct command_option *const status_options[] = {&option_output, NULL};
static const struct command_option *const arn_options[] = {&option_arn, NULL};
static const struct command_option *const start_options[] = {&option_pg_bindir,
                                                             &option_extension_dir,
                                                             &option_inject_conflicts,
                                                             &option_inject_seed,
                                                             &option_listen_port,
                                                             &option_output,
                                                             NULL};
static const struct command_option *const env_options[] = {&option_env_user, &option_hosts, NULL};

static const struct command iam_commands[] = {
    {.name = "grant",
     .arguments = "ROLE",
     .summary = "Let an identity log in as a role",
     .description =
         "Makes the role, with LOGIN, when there is none.  It gets no rights: give it a schema\n"
         "as admin with CREATE SCHEMA myschema; GRANT USAGE, CREATE ON SCHEMA myschema TO ROLE;",
     .options = arn_options,
     .shared_options = dir_option,
     .max_arguments = 1,
     .run = local_iam_grant_run},
    {.name = "revoke",
     .arguments = "ROLE",
     .summary = "Take that back",
     .options = arn_options,
     .shared_options = dir_option,
     .max_arguments = 1,
     .run = local_iam_revoke_run},
    {.name = "list",
     .summary = "Print roles and who may be them",
     .shared_options = dir_option,
     .run = local_iam_list_run},
    {0},
};

const struct command local_commands[] = {
    {.name = "init",
     .summary = "Make a cluster without starting it",
     .options = init_options,
     .shared_options = dir_option,
     .run = local_init_run},
    {.name = "start",
     .summary = "Start it, making what is missing",
     .options = start_options,
     .shared_options = dir_option,
     .run = local_start_run},
    {.name = "stop", .summary = "Stop it", .shared_options = dir_option, .run = local_stop_run},
    {.name = "status",
     .summary = "Say whether it runs (exit status 0) or not (1)",
     .options = status_options,
     .shared_options = dir_option,
     .run = local_status_run},
    {.name = "env",
     .summary = "Print what a shell should export to use it",
     .options = env_options,
     .shared_options = dir_option,
     .run = local_env_run},
    {.name = "logs",
     .summary = "Print its logs",
     .shared_options = dir_option,
     .run = local_logs_run},
    {.name = "destroy",
     .summary = "Stop it and delete all of it",
     .shared_options = dir_option,
     .run = local_destroy_run},
    {.name = "dump",
     .arguments = "FILE",
     .summary = "Write roles, schemas and data to a file",
     .options = backup_options,
     .shared_options = dir_option,
     .max_arguments = 1,
     .run = local_dump_run},
    {.name = "restore",
     .arguments = "FILE",
     .summary = "Read them back, all or nothing",
     .description =
         "The cluster must not have any of the tables yet.  A file can run programs as you do:\n"
         "restore only what you trust.",
     .options = backup_options,
     .shared_options = dir_option,
     .max_arguments = 1,
     .run = local_restore_run},
    {.name = "iam", .summary = "Who may log in as which role", .commands = iam_commands},
    {0},
};
