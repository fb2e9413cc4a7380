/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/local_cluster.h"
#include "cli/local_commands.h"
#include "local/database.h"
#include "local/identity.h"
#include "local/role_mapping.h"

static int change_mapping(const struct command_line *line,
                          dsql_status (*change)(PGconn *, const char *, const char *, dsql_error *))
{
    struct cluster cluster;
    const char *role = command_argument(line, 0);
    const char *arn = command_value(line, "arn");
    dsql_error err = {0};
    if (role == NULL) {
        return command_usage(line->command, "a role is missing");
    }
    int opened = local_open_running(line, &cluster);
    if (opened != EXIT_DONE) {
        return opened;
    }
    PGconn *conn = database_connect(&cluster, "admin", &err);
    if (conn == NULL) {
        return cli_fail(&err);
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

int local_iam_list_run(const struct command_line *line)
{
    struct cluster cluster;
    dsql_error err = {0};
    int opened = local_open_running(line, &cluster);
    if (opened != EXIT_DONE) {
        return opened;
    }
    PGconn *conn = database_connect(&cluster, "admin", &err);
    if (conn == NULL) {
        return cli_fail(&err);
    }
    PGresult *result =
        PQexec(conn, "SELECT pg_role_name, arn FROM sys.iam_pg_role_mappings ORDER BY 1, 2");
    for (int i = 0; i < PQntuples(result); i++) {
        printf("%s %s\n", PQgetvalue(result, i, 0), PQgetvalue(result, i, 1));
    }
    bool ok = PQresultStatus(result) == PGRES_TUPLES_OK;
    PQclear(result);
    PQfinish(conn);
    return ok ? EXIT_DONE : EXIT_FAILED;
}
