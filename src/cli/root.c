/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The table of commands, and what belongs to none of them. */
#include "cli/commands.h"
#include "cli/target.h"

#include <libpq-fe.h>
#include <openssl/crypto.h>

static const struct command_option root_options[] = {
    {"version", 'V', NULL, "print the versions and exit"},
    {0},
};

static int run_root(const struct command_line *line)
{
    if (!command_has(line, "version")) {
        return command_usage(line->command, "a command is missing");
    }
    int libpq = PQlibVersion();
    printf("dsql %d.%d.%d (libpq %d.%d, %s)\n", DSQL_VERSION_MAJOR, DSQL_VERSION_MINOR,
           DSQL_VERSION_PATCH, libpq / 10000, libpq % 10000,
           OpenSSL_version(OPENSSL_VERSION_STRING) == NULL ? "OpenSSL"
                                                           : OpenSSL_version(OPENSSL_VERSION));
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

static const struct command commands[] = {
    {.name = "token",
     .arguments = "[HOST-OR-ID]",
     .summary = "Print a password (an IAM token)",
     .options = token_options,
     .shared_options = target_options,
     .max_arguments = 1,
     .run = token_run},
    {.name = "psql",
     .arguments = "[HOST-OR-ID] [-- PSQL-ARGUMENTS]",
     .summary = "Run psql, logged in",
     .shared_options = target_options,
     .max_arguments = 1,
     .takes_rest = true,
     .run = psql_run},
    {.name = "exec",
     .arguments = "[HOST-OR-ID] -- PROGRAM [ARGUMENTS]",
     .summary = "Run any program that uses libpq, logged in",
     .description = "The program finds host, user, password and TLS settings in its environment "
                    "(PGHOST,\nPGUSER, PGPASSWORD, ...).  The password opens connections for 15 "
                    "minutes.",
     .shared_options = target_options,
     .max_arguments = 1,
     .takes_rest = true,
     .run = exec_run},
    {.name = "credentials",
     .summary = "Show where AWS credentials come from",
     .description = "Asks each source of the chain in its order.  Shows no secret.",
     .options = credentials_options,
     .run = credentials_run},
    {.name = "doctor",
     .arguments = "[HOST-OR-ID]",
     .summary = "Find out why a connection fails",
     .description = "Takes each step of a connection on its own, and says what to do about the "
                    "first that\nfails.  The exit status names it: 10 credentials, 11 endpoint, "
                    "12 DNS, 13 TCP,\n14 TLS, 15 clock, 16 token, 17 login, 18 query.",
     .options = doctor_options,
     .shared_options = target_options,
     .max_arguments = 1,
     .run = doctor_run},
    {.name = "local",
     .summary = "A local cluster to develop and test with",
     .commands = local_commands},
    {0},
};

const struct command command_root = {
    .name = "dsql",
    .summary = "Amazon Aurora DSQL from the command line",
    .options = root_options,
    .run = run_root,
    .commands = commands,
};

int cli_fail(const dsql_error *err)
{
    fprintf(stderr, "dsql: %s\n", err->message);
    switch (err->status) {
    case DSQL_ERR_CONNECT:
    case DSQL_ERR_CREDENTIALS:
    case DSQL_ERR_TOKEN:
    case DSQL_ERR_TIMEOUT:
        return EXIT_CONNECT;
    case DSQL_ERR_OCC:
        return EXIT_CONFLICT;
    case DSQL_ERR_USAGE:
        return EXIT_USAGE;
    default:
        return EXIT_FAILED;
    }
}
