/* Copyright 2026 the dsql-c authors. SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of `dsql local`: its commands, their options and their help.  What a command does is
 * in the file that local_commands.h names; this file contains no code.
 */
#include "cli/commands.h"
#include "cli/local_commands.h"
#include "cli/options.h"
#include "local/database.h"

/*
 * Own options first, in the order in which --help lists them.  --dir is shared by all commands of
 * this group and comes last.
 */
static const struct command_option *const dir_option[] = {&option_dir, NULL};
static const struct command_option *const init_options[] = {&option_pg_bindir,
                                                            &option_extension_dir, NULL};
static const struct command_option *const dump_options[] = {&option_pg_bindir, NULL};
static const struct command_option *const status_options[] = {&option_output, NULL};
static const struct command_option *const list_options[] = {&option_output, NULL};
static const struct command_option *const arn_options[] = {&option_arn, NULL};
static const struct command_option *const start_options[] = {
    &option_pg_bindir,        &option_extension_dir,
    &option_inject_conflicts, &option_inject_seed,
    &option_listen,           &option_listen_port,
    &option_foreground,       &option_endpoint,
    &option_server_names,     &option_access_key,
    &option_secret_file,      &option_init_dir,
    &option_output,           NULL};
static const struct command_option *const run_options[] = {
    &option_pg_bindir,   &option_extension_dir, &option_inject_conflicts,
    &option_inject_seed, &option_env_user,      NULL};
static const struct command_option *const env_options[] = {&option_env_user, &option_hosts,
                                                           &option_output, NULL};

/*
 * The second level, `dsql local iam`.  The description shows what the service needs too: a role
 * without USAGE on a schema can log in and do nothing.
 */
static const struct command iam_commands[] = {
    {.name = "grant",
     .arguments = "ROLE",
     .summary = "Let an IAM identity log in as a database role",
     .description = "Creates the role (with LOGIN) if it does not exist. It has no privileges "
                    "yet. To give it a schema, run as admin:\n"
                    "  CREATE SCHEMA myschema; GRANT USAGE, CREATE ON SCHEMA myschema TO ROLE;",
     .options = arn_options,
     .shared_options = dir_option,
     .max_arguments = 1,
     .run = local_iam_grant_run},
    {.name = "revoke",
     .arguments = "ROLE",
     .summary = "Revoke a role mapping",
     .options = arn_options,
     .shared_options = dir_option,
     .max_arguments = 1,
     .run = local_iam_revoke_run},
    {.name = "list",
     .summary = "List the role mappings: each role and the ARN that may log in as it",
     .options = list_options,
     .shared_options = dir_option,
     .run = local_iam_list_run},
    {0},
};

/*
 * In the order in which a user meets them.  Names and options are listed in dsql-local(1) as
 * well.
 */
const struct command local_commands[] = {
    {.name = "init",
     .summary = "Create a cluster without starting it",
     .options = init_options,
     .shared_options = dir_option,
     .before = database_load_libpq,
     .run = local_init_run},
    {.name = "start",
     .summary = "Start the cluster, creating it if needed",
     .options = start_options,
     .shared_options = dir_option,
     .before = database_load_libpq,
     .run = local_start_run},
    {.name = "stop",
     .summary = "Stop the cluster",
     .shared_options = dir_option,
     .run = local_stop_run},
    {.name = "status",
     .summary = "Print whether the cluster is running (exit status 0) or not (1)",
     .options = status_options,
     .shared_options = dir_option,
     .run = local_status_run},
    {.name = "env",
     .summary = "Print the shell commands that set the environment for clients",
     .description = "Clients that make tokens themselves need no more: dsql, and programs with an "
                    "AWS SDK or connector. 'dsql exec' logs in others, and 'dsql psql' logs in "
                    "psql.",
     .options = env_options,
     .shared_options = dir_option,
     .run = local_env_run},
    {.name = "run",
     .arguments = "-- PROGRAM [ARGUMENTS]",
     .summary = "Run a program with a cluster of its own, which is deleted afterwards",
     .description = "Starts a new cluster on a free port, runs the program with the variables of "
                    "'dsql local env' in its environment, and deletes the cluster. The exit "
                    "status is the program's. For test suites; several can run at the same time. "
                    "If the program makes no tokens itself, run it through 'dsql exec'.",
     .options = run_options,
     .takes_rest = true,
     .before = database_load_libpq,
     .run = local_run_run},
    {.name = "logs",
     .summary = "Print the logs of the cluster",
     .shared_options = dir_option,
     .run = local_logs_run},
    {.name = "destroy",
     .summary = "Stop the cluster and delete its data",
     .shared_options = dir_option,
     .run = local_destroy_run},
    {.name = "dump",
     .arguments = "FILE",
     .summary = "Write roles, schemas, data and role mappings to a file",
     .description = "'-' stands for standard output. The cluster stays in use meanwhile.",
     .options = dump_options,
     .shared_options = dir_option,
     .max_arguments = 1,
     .before = database_load_libpq,
     .run = local_dump_run},
    {.name = "restore",
     .arguments = "FILE",
     .summary = "Load a file written by dump into a cluster that is empty",
     .description = "'-' stands for standard input. Everything is loaded or nothing. At the end, "
                    "PostgreSQL is restarted, which closes the connections of clients.",
     .options = init_options,
     .shared_options = dir_option,
     .max_arguments = 1,
     .before = database_load_libpq,
     .run = local_restore_run},
    {.name = "iam",
     .summary = "Choose which IAM identities may log in as which role",
     .commands = iam_commands},
    {0},
};
