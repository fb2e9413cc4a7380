/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements are those that the gateway makes of AWS IAM GRANT and AWS IAM REVOKE; libpq quotes
 * what is in them.  All runs as admin, so the rules of the service apply, and its errors are
 * passed on unchanged.
 */
#include "local/role_mapping.h"

#include "base/buf.h"
#include "base/error.h"
#include "config/settings.h"
#include "gateway/access.h"
#include "local/database.h"

#include <string.h>

/* pg_roles is readable by everyone. */
/* Before the role is created: PostgreSQL would cut the name, and the gateway reject the login. */
static dsql_status check_name(const char *role, dsql_error *err)
{
    if (strlen(role) >= SETTINGS_NAME_SIZE) {
        return fail(err, DSQL_ERR_USAGE, "the role name \"%s\" is too long: at most %d bytes", role,
                    SETTINGS_NAME_SIZE - 1);
    }
    if (!access_is_user_name(text_of(role))) {
        return fail(err, DSQL_ERR_USAGE,
                    "no client can log in as \"%s\": role names that begin with \"dsql_\" or "
                    "\"pg_\" are reserved",
                    role);
    }
    return DSQL_OK;
}

static dsql_status role_exists(PGconn *conn, const char *role, bool *exists, dsql_error *err)
{
    PGresult *result = PQexecParams(conn, "SELECT FROM pg_roles WHERE rolname = $1", 1, NULL, &role,
                                    NULL, NULL, 0);
    dsql_status status =
        database_is_success(result) ? DSQL_OK : database_query_failed(conn, result, err);
    *exists = PQntuples(result) > 0;
    PQclear(result);
    return status;
}

/* DDL takes no parameters, so the name has to be quoted into the statement. */
static dsql_status create_role(PGconn *conn, const char *role, dsql_error *err)
{
    char *name = PQescapeIdentifier(conn, role, strlen(role));
    if (name == NULL) {
        return fail(err, DSQL_ERR_USAGE, "the role name is not valid: %s", PQerrorMessage(conn));
    }
    struct buf sql AUTO_BUF;
    buf_init(&sql, 1024);
    buf_printf(&sql, "CREATE ROLE %s WITH LOGIN", name);
    PQfreemem(name);
    return buf_ok(&sql) ? database_run(conn, sql.data, err)
                        : fail(err, DSQL_ERR_USAGE, "the role name is too long");
}

/* What stands before the role and before the ARN, as in src/gateway/sql_rewriter.h. */
struct iam_statement {
    const char *before_role;
    const char *before_arn;
};

static const struct iam_statement iam_grant = {"SET IAM ./**/ ", " TO "};
static const struct iam_statement iam_revoke = {"SET IAM ./*R*/ ", " TO\f\f "};

/* These statements take no parameters either. */
static dsql_status change_mapping(PGconn *conn, const struct iam_statement *statement,
                                  const char *role, const char *arn, dsql_error *err)
{
    char *name = PQescapeIdentifier(conn, role, strlen(role));
    char *literal = PQescapeLiteral(conn, arn, strlen(arn));
    bool is_quoted = name != NULL && literal != NULL;
    struct buf sql AUTO_BUF;
    buf_init(&sql, 8192);
    buf_printf(&sql, "%s%s%s%s", statement->before_role, is_quoted ? name : "",
               statement->before_arn, is_quoted ? literal : "");
    PQfreemem(name);
    PQfreemem(literal);
    if (!is_quoted) {
        return fail(err, DSQL_ERR_USAGE, "the role name or the ARN is not valid: %s",
                    PQerrorMessage(conn));
    }
    return buf_ok(&sql) ? database_run(conn, sql.data, err)
                        : fail(err, DSQL_ERR_USAGE, "the role name or the ARN is too long");
}

/*
 * Two transactions, because the service allows one DDL statement in each.  If the second fails, a
 * role without a mapping remains; the next grant uses it.
 */
dsql_status role_mapping_grant(PGconn *conn, const char *role, const char *arn, dsql_error *err)
{
    bool exists = false;
    dsql_status status = check_name(role, err);
    if (status == DSQL_OK) {
        status = role_exists(conn, role, &exists, err);
    }
    if (status == DSQL_OK && !exists) {
        status = create_role(conn, role, err);
    }
    if (status == DSQL_OK) {
        status = change_mapping(conn, &iam_grant, role, arn, err);
    }
    return status;
}

dsql_status role_mapping_revoke(PGconn *conn, const char *role, const char *arn, dsql_error *err)
{
    return change_mapping(conn, &iam_revoke, role, arn, err);
}

dsql_status role_mapping_list(PGconn *conn, role_mapping_fn fn, void *arg, dsql_error *err)
{
    PGresult *result =
        PQexec(conn, "SELECT pg_role_name, arn FROM sys.iam_pg_role_mappings ORDER BY 1, 2");
    dsql_status status =
        database_is_success(result) ? DSQL_OK : database_query_failed(conn, result, err);
    for (int i = 0; status == DSQL_OK && i < PQntuples(result); i++) {
        fn(arg, PQgetvalue(result, i, 0), PQgetvalue(result, i, 1));
    }
    PQclear(result);
    return status;
}
