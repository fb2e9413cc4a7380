/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dsql psql: becomes psql.  The token is in that process's environment and nowhere
 * else: other users can read argv.
 */
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/target.h"

#include <dsql.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

const struct command_option psql_options[] = {
    {"host", 'h', "HOST", "endpoint or cluster id (default: CLUSTER_ENDPOINT, PGHOST)"},
    {"port", 'p', "PORT", "port (default: PGPORT, 5432)"},
    TARGET_OPTION_USER,
    TARGET_OPTION_REGION,
    TARGET_OPTION_PROFILE,
    {0},
};

/* PostgreSQL manual, "Environment Variables" of libpq. */
static const char *const names[][2] = {
    {"host", "PGHOST"},
    {"port", "PGPORT"},
    {"user", "PGUSER"},
    {"password", "PGPASSWORD"},
    {"dbname", "PGDATABASE"},
    {"sslmode", "PGSSLMODE"},
    {"sslrootcert", "PGSSLROOTCERT"},
    {"sslnegotiation", "PGSSLNEGOTIATION"},
    {"ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION"},
    {"gssencmode", "PGGSSENCMODE"},
    {"connect_timeout", "PGCONNECT_TIMEOUT"},
    {"options", "PGOPTIONS"},
};

static const char *variable_for(const char *keyword)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i][0], keyword) == 0) {
            return names[i][1];
        }
    }
    return NULL;
}

static bool export_params(const dsql_params *params)
{
    const char *const *keywords = dsql_params_keywords(params);
    const char *const *values = dsql_params_values(params);
    for (size_t i = 0; keywords[i] != NULL; i++) {
        const char *variable = variable_for(keywords[i]);
        if (variable != NULL && values[i] != NULL && setenv(variable, values[i], 1) != 0) {
            return false;
        }
    }
    /* A service file could send the token somewhere else. */
    unsetenv("PGSERVICE");
    return true;
}

static int become_psql(const struct command_line *line)
{
    size_t count = (size_t)line->rest_count;
    char program[] = "psql";
    char **argv = mem_new_array(count + 2, sizeof *argv);
    if (argv == NULL) {
        fprintf(stderr, "dsql: out of memory\n");
        return EXIT_FAILED;
    }
    argv[0] = program;
    for (size_t i = 0; i < count; i++) {
        argv[i + 1] = line->rest[i];
    }
    execvp(program, argv);
    bool is_missing = errno == ENOENT;
    mem_free(argv);
    fprintf(stderr, is_missing ? "dsql: psql is not installed: 'apt-get install "
                                 "postgresql-client'\n"
                               : "dsql: psql cannot be run\n");
    return is_missing ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

int psql_run(const struct command_line *line)
{
    dsql_options options = dsql_options_init();
    if (!target_read(line, &options)) {
        return EXIT_USAGE;
    }
    options.port = command_value(line, "port");
    dsql_error err = {0};
    dsql_params *params = dsql_params_new(&options, &err);
    if (params == NULL) {
        return cli_fail(&err);
    }
    bool ok = export_params(params);
    dsql_params_free(params);
    return ok ? become_psql(line) : EXIT_FAILED;
}
