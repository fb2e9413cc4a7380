/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that libpq needs for a login is put into this process's environment, which execvp()
 * hands on.  An argument would be visible to every user of the machine in the list of processes;
 * the environment of a process is readable by its own user only.
 */
#include "cli/login_environment.h"

#include "cli/commands.h"
#include "cli/target.h"

#include <dsql.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 }; /* POSIX: sh, "Exit Status" */

/*
 * The environment variable that libpq reads for a keyword; NULL if there is none.  Asked of libpq
 * and not listed here, so a newer libpq's variables are used without a change.
 */
static const char *variable_of(const PQconninfoOption *known, const char *keyword)
{
    for (; known->keyword != NULL; known++) {
        if (strcmp(known->keyword, keyword) == 0) {
            return known->envvar;
        }
    }
    return NULL;
}

/* An empty value stands for libpq's default, which libpq takes only if the variable is unset. */
static bool export_param(const char *variable, const char *value)
{
    return (value[0] == '\0' ? unsetenv(variable) : setenv(variable, value, 1)) == 0;
}

/*
 * A parameter for which libpq has no variable is left out; the login does not depend on any of
 * them.
 */
static bool export_params(const dsql_params *params, const PQconninfoOption *known)
{
    const char *const *keywords = dsql_params_keywords(params);
    const char *const *values = dsql_params_values(params);
    for (size_t i = 0; keywords[i] != NULL; i++) {
        const char *variable = variable_of(known, keywords[i]);
        if (variable != NULL && !export_param(variable, values[i])) {
            return false;
        }
    }
    return true;
}

/* PQconndefaults() is used for its names of variables only, not for its values. */
static bool export_login(const dsql_params *params)
{
    PQconninfoOption *known = PQconndefaults();
    bool is_exported = known != NULL && export_params(params, known);
    PQconninfoFree(known);
    return is_exported;
}

/* A shell gives the same two exit statuses to a program that it cannot run. */
static int replace_process(char **argv)
{
    execvp(argv[0], argv);
    bool is_missing = errno == ENOENT;
    fprintf(stderr, "dsql: could not run %s: %s\n", argv[0],
            is_missing ? "it is not installed, or not in PATH" : strerror(errno));
    return is_missing ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

/*
 * The token is made now and the program may connect later; it can open connections until the
 * token expires, and keep them for longer.
 */
int login_environment_exec(const struct command_line *line, char **argv)
{
    dsql_options options = dsql_options_init();
    if (!target_read(line, &options)) {
        return EXIT_USAGE;
    }
    /* A service file could name another host, which would receive the token. */
    unsetenv("PGSERVICE");
    unsetenv("PGSERVICEFILE");
    dsql_error err = {0};
    dsql_params *params = dsql_params_new(&options, &err);
    if (params == NULL) {
        return cli_fail(&err);
    }
    bool is_exported = export_login(params);
    dsql_params_free(params);
    if (!is_exported) {
        fprintf(stderr, "dsql: out of memory\n");
        return EXIT_FAILED;
    }
    return replace_process(argv);
}
