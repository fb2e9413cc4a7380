/* Copyright 2026 the dsql-c authors. SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of all commands except those of `dsql local`, and what is common to them.  Parsing,
 * --help and usage errors all read this table, so a command is described here and nowhere else in
 * the code.
 */
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/proxy_settings.h"
#include "cli/target.h"

#include <libpq-fe.h>
#include <openssl/crypto.h>

static const struct command_option *const root_options[] = {&option_version, NULL};
static const struct command_option *const token_options[] = {&option_expires_in,
                                                             &option_token_output, NULL};
static const struct command_option *const exec_options[] = {&option_expires_in, &option_url_env,
                                                            NULL};
static const struct command_option *const credentials_options[] = {&option_profile, &option_output,
                                                                   NULL};
static const struct command_option *const doctor_options[] = {&option_output, NULL};

/*
 * The versions of libpq and OpenSSL are those in use, not those of the build: that is what a bug
 * report needs.  10000 is libpq's own encoding since version 10.
 */
static int run_root(const struct command_line *line)
{
    if (!command_has(line, "version")) {
        return command_usage(line->command, "no command given");
    }
    int libpq = PQlibVersion();
    printf("dsql %d.%d.%d (libpq %d.%d, %s)\n", DSQL_VERSION_MAJOR, DSQL_VERSION_MINOR,
           DSQL_VERSION_PATCH, libpq / 10000, libpq % 10000,
           OpenSSL_version(OPENSSL_VERSION_STRING) == NULL ? "OpenSSL"
                                                           : OpenSSL_version(OPENSSL_VERSION));
    return EXIT_DONE;
}

/*
 * Summaries are single sentences without a full stop, since --help adds it; descriptions are
 * paragraphs.
 */
static const struct command commands[] = {
    {.name = "token",
     .arguments = "[HOST-OR-ID]",
     .summary = "Print an IAM token, which is the password",
     .options = token_options,
     .shared_options = target_options,
     .max_arguments = 1,
     .run = token_run},
    {.name = "psql",
     .arguments = "[HOST-OR-ID] [-- PSQL-ARGUMENTS]",
     .summary = "Run psql, logged in to the cluster",
     .shared_options = target_options,
     .max_arguments = 1,
     .takes_rest = true,
     .run = psql_run},
    {.name = "exec",
     .arguments = "[HOST-OR-ID] -- PROGRAM [ARGUMENTS]",
     .summary = "Run a program, logged in to the cluster",
     .description = "The program gets host, user, password and TLS settings in its environment "
                    "(PGHOST, PGUSER, PGPASSWORD and so on), which libpq and most other drivers "
                    "read. For a program that reads a URL, use --url-env. The password is an IAM "
                    "token: it can open connections for 15 minutes.",
     .options = exec_options,
     .shared_options = target_options,
     .max_arguments = 1,
     .takes_rest = true,
     .run = exec_run},
    {.name = "credentials",
     .summary = "Show where AWS credentials come from",
     .description =
         "Tries the sources of the AWS credential chain in order and prints the result of each. "
         "Secrets are never printed.",
     .options = credentials_options,
     .run = credentials_run},
    {.name = "doctor",
     .arguments = "[HOST-OR-ID]",
     .summary = "Find out why a connection fails",
     .description = "Checks each step of a connection by itself and prints what to do about those "
                    "that fail. Skips only steps that a failure makes pointless. The exit "
                    "status names the first step that failed: 10 credentials, 11 endpoint, "
                    "12 DNS, 13 TCP, 14 TLS, 15 clock, 16 token, 17 login, 18 query.",
     .options = doctor_options,
     .shared_options = target_options,
     .max_arguments = 1,
     .run = doctor_run},
    {.name = "explain",
     .arguments = "CODE",
     .summary = "Print the cause of an error and its remedy",
     .description =
         "CODE is the code at the end of an error, such as DSQL-301, or a message of dsql, of "
         "libpq or of the server, in quotes.",
     .max_arguments = 1,
     .run = explain_run},
    {.name = "local",
     .summary = "Run a local cluster for development and tests",
     .commands = local_commands},
    {.name = "proxy",
     .arguments = "[CLUSTER ...]",
     .summary = "Offer clusters to any PostgreSQL client, without a token",
     .description =
         "Clients connect as to any PostgreSQL on this machine; the proxy makes the tokens, "
         "paces the connects and replaces connections before the service ends them. CLUSTER is an "
         "endpoint or a cluster id, and may have settings after '?':\n"
         "  dsql proxy 'HOST?port=5433&user=app&profile=prod' 'HOST2?port=5434'\n"
         "port is the port that the proxy listens on (default: 5432 and up). user and dbname "
         "replace "
         "what the client asks for (default: the client's). profile and region choose the "
         "credentials. server_port, hostaddr and sslrootcert are those of the cluster. max_servers "
         "limits the connections to it (default: 1000), and min_idle of them are kept ready for "
         "each role in transaction mode (default: 1). token_seconds is how long a token is "
         "valid. "
         "password_file has the password for a PostgreSQL that is not Aurora DSQL. Write special "
         "characters in a value as %XX.\n"
         "Each option can also be set by a variable, such as DSQL_PROXY_POOL_MODE, or by a line of "
         "the --config file, such as 'pool-mode transaction'. DSQL_PROXY_CLUSTERS and the file may "
         "name clusters too. The command line takes precedence over the environment, and the "
         "environment over the file. SIGTERM drains, SIGHUP reads users, certificate and clusters "
         "again.",
     .options = proxy_options,
     .max_arguments = PROXY_TARGETS_MAX,
     .run = proxy_run,
     .commands = proxy_commands},
    {.name = "completion",
     .arguments = "SHELL",
     .summary = "Print a script that completes command lines in bash, zsh or fish",
     .description = "To complete in this shell, run:\n"
                    "  bash: source <(dsql completion bash)\n"
                    "  zsh:  source <(dsql completion zsh)\n"
                    "  fish: dsql completion fish | source\n"
                    "The packages install the scripts for all users.",
     .max_arguments = 1,
     .run = completion_run},
    {0},
};

const struct command command_root = {
    .name = "dsql",
    .summary = "Amazon Aurora DSQL from the command line",
    .options = root_options,
    .run = run_root,
    .commands = commands,
};
