/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * `dsql local iam`: the role mappings, changed as admin and not as the owner, so that what the
 * service refuses is refused here.
 */
#include "base/error.h"
#include "cli/commands.h"
#include "cli/local_cluster.h"
#include "cli/local_commands.h"
#include "local/database.h"
#include "local/identity.h"
#include "local/role_mapping.h"

#include <jansson.h>

#include <stdio.h>

/*
 * A connection as admin, or NULL with *exit_status set.  Through the Unix socket, not the
 * gateway: the commands work without credentials.
 */
static PGconn *connect_as_admin(const struct command_line *line, int *exit_status)
{
    struct cluster cluster;
    dsql_error err = {0};
    *exit_status = local_open_running(line, &cluster);
    if (*exit_status != EXIT_DONE) {
        return NULL;
    }
    PGconn *conn = database_connect(&cluster, "admin", &err);
    if (conn == NULL) {
        *exit_status = cli_fail(&err);
    }
    return conn;
}

/* Without --arn the mapping is for the one identity that every local cluster has. */
static int change_mapping(const struct command_line *line,
                          dsql_status (*change)(PGconn *, const char *, const char *, dsql_error *))
{
    const char *role = command_argument(line, 0);
    const char *arn = command_value(line, "arn");
    int exit_status = EXIT_DONE;
    dsql_error err = {0};
    if (role == NULL || role[0] == '\0') {
        return command_usage(line->command, "no role given");
    }
    PGconn *conn = connect_as_admin(line, &exit_status);
    if (conn == NULL) {
        return exit_status;
    }
    dsql_status status = change(conn, role, arn == NULL ? IDENTITY_ADMIN_ARN : arn, &err);
    PQfinish(conn);
    return status == DSQL_OK ? EXIT_DONE : cli_fail(&err);
}

int local_iam_grant_run(const struct command_line *line)
{
    return change_mapping(line, role_mapping_grant);
}

int local_iam_revoke_run(const struct command_line *line)
{
    return change_mapping(line, role_mapping_revoke);
}

static void print_mapping(void *arg, const char *role, const char *arn)
{
    (void)arg;
    printf("%s %s\n", role, arn);
}

struct mappings {
    json_t *array;
    bool is_incomplete;
};

/* Names of roles and ARNs are UTF-8, as the database is, so this fails only without memory. */
static void append_mapping(void *arg, const char *role, const char *arn)
{
    struct mappings *mappings = arg;
    json_t *mapping = json_pack("{s:s, s:s}", "role", role, "arn", arn);
    mappings->is_incomplete |= json_array_append_new(mappings->array, mapping) != 0;
}

static dsql_status print_mappings(PGconn *conn, bool is_json, dsql_error *err)
{
    if (!is_json) {
        return role_mapping_list(conn, print_mapping, NULL, err);
    }
    struct mappings mappings = {.array = json_array()};
    dsql_status status = mappings.array == NULL
                             ? fail_nomem(err)
                             : role_mapping_list(conn, append_mapping, &mappings, err);
    if (status == DSQL_OK && mappings.is_incomplete) {
        status = fail_nomem(err);
    }
    if (status == DSQL_OK) {
        json_dumpf(mappings.array, stdout, JSON_PRESERVE_ORDER);
        putchar('\n');
    }
    json_decref(mappings.array);
    return status;
}

int local_iam_list_run(const struct command_line *line)
{
    int exit_status = EXIT_DONE;
    bool is_json = false;
    dsql_error err = {0};
    if (!command_wants_json(line, &is_json)) {
        return EXIT_USAGE;
    }
    PGconn *conn = connect_as_admin(line, &exit_status);
    if (conn == NULL) {
        return exit_status;
    }
    dsql_status status = print_mappings(conn, is_json, &err);
    PQfinish(conn);
    return status == DSQL_OK ? EXIT_DONE : cli_fail(&err);
}
