/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that a driver needs for a login is put into this process's environment, which execvp()
 * hands on.  An argument would be visible to every user of the machine in the list of processes;
 * the environment of a process is readable by its own user only.
 */
#include "cli/login_environment.h"

#include "base/buf.h"
#include "base/secret.h"
#include "cli/commands.h"
#include "cli/connection_url.h"
#include "cli/target.h"
#include "config/system_trust.h"

#include <dsql.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CLIENT_CERTIFICATE_PATH_MAX = 4096 };
enum { EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 }; /* POSIX: sh, "Exit Status" */

/*
 * What a login needs.  Drivers that are not libpq read these variables too, and refuse or misread
 * others: asyncpg and lib/pq open the file of PGSSLCERT, postgres.js does not know
 * PGTARGETSESSIONATTRS=any.  So a variable is set only if the login needs it and its value is
 * not libpq's default.
 */
static const struct {
    const char *keyword;
    const char *variable;
} exported[] = {
    {"host", "PGHOST"},
    {"hostaddr", "PGHOSTADDR"},
    {"port", "PGPORT"},
    {"user", "PGUSER"},
    {"dbname", "PGDATABASE"},
    {"password", "PGPASSWORD"},
    {"application_name", "PGAPPNAME"},
    {"connect_timeout", "PGCONNECT_TIMEOUT"},
    {"sslmode", "PGSSLMODE"},
};

/*
 * What the user has set for other servers.  Unset, each has libpq's default, which is right for
 * Aurora DSQL: the server is verified by PGSSLMODE and PGSSLROOTCERT.  A service file could name
 * another host, which would receive the token.  The list does not depend on the libpq of this
 * process: the program may have another one.
 */
static const char *const removed[] = {
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGOPTIONS",
    "PGTARGETSESSIONATTRS",
    "PGLOADBALANCEHOSTS",
    "PGREQUIREAUTH",
    "PGREQUIREPEER",
    "PGREQUIRESSL",
    "PGCHANNELBINDING",
    "PGSSLNEGOTIATION",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGSSLCERTMODE",
    "PGSSLCRL",
    "PGSSLCRLDIR",
    "PGSSLSNI",
    "PGSSLCOMPRESSION",
    "PGSSLMINPROTOCOLVERSION",
    "PGSSLMAXPROTOCOLVERSION",
    "PGMINPROTOCOLVERSION",
    "PGMAXPROTOCOLVERSION",
    "PGGSSENCMODE",
    "PGGSSDELEGATION",
    "PGGSSLIB",
    "PGKRBSRVNAME",
};

/*
 * libpq sends the certificate in this file if a server requests one, and fails if its key cannot be
 * read.  The variable that prevents it is set only where the file exists.  libpq 16 reads it, and
 * other drivers do not.
 */
static bool keep_client_certificate_away(void)
{
    struct buf file AUTO_BUF;
    buf_init(&file, CLIENT_CERTIFICATE_PATH_MAX);
    const char *home = target_environment("HOME");
    if (home == NULL) {
        return true;
    }
    buf_printf(&file, "%s/.postgresql/postgresql.crt", home);
    return !buf_ok(&file) || access(file.data, F_OK) != 0 ||
           setenv("PGSSLCERTMODE", "disable", 1) == 0;
}

/* A parameter that is not there leaves its variable as it is: PGHOSTADDR may be the user's. */
static bool export_login(const dsql_params *params)
{
    for (size_t i = 0; i < sizeof removed / sizeof removed[0]; i++) {
        unsetenv(removed[i]);
    }
    for (size_t i = 0; i < sizeof exported / sizeof exported[0]; i++) {
        const char *value = connection_param(params, exported[i].keyword);
        if (value[0] != '\0' && setenv(exported[i].variable, value, 1) != 0) {
            return false;
        }
    }
    return setenv("PGSSLROOTCERT", connection_root_file(params), 1) == 0 &&
           keep_client_certificate_away();
}

/*
 * libpq would advise to turn the verification off if this file is missing.  "system" is no file,
 * but a word for libpq 16 and later.
 */
static bool can_read_root_file(const dsql_params *params)
{
    const char *file = connection_root_file(params);
    if (strcmp(file, SYSTEM_TRUST) == 0 || access(file, R_OK) == 0) {
        return true;
    }
    cli_error(
        "could not read the trusted certificates in \"%s\": %s. Correct or unset PGSSLROOTCERT",
        file, strerror(errno));
    return false;
}

static bool export_url(const dsql_params *params, const char *variable)
{
    char *url = connection_url(params);
    bool is_exported = url != NULL && setenv(variable, url, 1) == 0;
    secret_free_string(url);
    return is_exported;
}

/* A shell gives the same two exit statuses to a program that it cannot run. */
static int replace_process(char **argv)
{
    execvp(argv[0], argv);
    bool is_missing = errno == ENOENT;
    cli_error("could not run %s: %s", argv[0],
              is_missing ? "it is not installed, or not in PATH" : strerror(errno));
    return is_missing ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

/* POSIX, "Environment Variables": a name contains no '=' and is not empty. */
static bool read_options(const struct command_line *line, dsql_options *options)
{
    const char *variable = command_value(line, "url-env");
    if (variable != NULL && (variable[0] == '\0' || strchr(variable, '=') != NULL)) {
        command_usage(line->command, "--url-env must be the name of an environment variable");
        return false;
    }
    return target_read(line, options) && target_read_token_seconds(line, options);
}

/*
 * The token is made now and the program may connect later; it can open connections until the
 * token expires, and keep them for longer.
 */
int login_environment_exec(const struct command_line *line, char **argv)
{
    dsql_options options = dsql_options_init();
    if (!read_options(line, &options)) {
        return EXIT_USAGE;
    }
    unsetenv("PGSERVICE"); /* libdsql refuses it, and it is not for the program either */
    dsql_error err = {0};
    dsql_params *params = dsql_params_new(&options, &err);
    if (params == NULL) {
        return cli_fail(&err);
    }
    if (!can_read_root_file(params)) {
        dsql_params_free(params);
        return EXIT_CONNECT;
    }
    const char *variable = command_value(line, "url-env");
    bool is_exported = export_login(params) && (variable == NULL || export_url(params, variable));
    dsql_params_free(params);
    if (!is_exported) {
        cli_error("out of memory");
        return EXIT_FAILED;
    }
    return replace_process(argv);
}
