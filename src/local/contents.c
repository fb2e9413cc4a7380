/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Applying a description.  Each query returns statements, made by format(): %I quotes an
 * identifier, %L a literal, and objects are named by pg_identify_object().  $1 is the JSON.
 *
 * A superuser runs the statements, so none of them may call a function of a user: changing
 * owners and privileges does not.
 */
#include "local/contents.h"

#include "base/error.h"
#include "base/memory.h"
#include "local/database.h"

#include <string.h>

/* ---- Roles ---- */

/* The file cannot give a role more than admin could, whatever it says: no SUPERUSER. */
#define IS_OWN_ROLE(name) " " name " !~ '^pg_' AND " name " <> 'dsql_owner'"

static const char create_roles_sql[] =
    "SELECT format('CREATE ROLE %I', r.name)"
    "  FROM jsonb_to_recordset($1::jsonb->'roles') AS r(name text)"
    " WHERE" IS_OWN_ROLE("r.name") " AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r.name)";

static const char alter_roles_sql[] =
    "SELECT format('ALTER ROLE %I %s %s %s %s %s CONNECTION LIMIT %s%s', r.name,"
    "    CASE WHEN a.login THEN 'LOGIN' ELSE 'NOLOGIN' END,"
    "    CASE WHEN a.inherit THEN 'INHERIT' ELSE 'NOINHERIT' END,"
    "    CASE WHEN a.createrole THEN 'CREATEROLE' ELSE 'NOCREATEROLE' END,"
    "    CASE WHEN a.createdb THEN 'CREATEDB' ELSE 'NOCREATEDB' END,"
    "    CASE WHEN a.bypassrls THEN 'BYPASSRLS' ELSE 'NOBYPASSRLS' END,"
    "    coalesce(a.connections, -1),"
    "    CASE WHEN a.until IS NULL THEN '' ELSE format(' VALID UNTIL %L', a.until) END)"
    "  FROM jsonb_to_recordset($1::jsonb->'roles') AS r(name text, attributes jsonb),"
    "       jsonb_to_record(coalesce(r.attributes, '{}')) AS a(login bool, inherit bool,"
    "           createrole bool, createdb bool, bypassrls bool, connections int, until text)"
    " WHERE r.name <> 'admin' AND" IS_OWN_ROLE("r.name");

/* The value of a list is a list of quoted names already, which a literal would quote again. */
static const char role_settings_sql[] =
    "SELECT CASE WHEN s.name IN ('search_path', 'temp_tablespaces')"
    "    THEN format('SELECT set_config(%L, %L, true); ALTER ROLE %I SET %I FROM CURRENT',"
    "                s.name, s.value, r.name, s.name)"
    "    ELSE format('ALTER ROLE %I SET %I TO %L', r.name, s.name, s.value) END"
    "  FROM jsonb_to_recordset($1::jsonb->'roles') AS r(name text, settings jsonb),"
    "       jsonb_to_recordset(coalesce(r.settings, '[]')) AS s(name text, value text)"
    " WHERE" IS_OWN_ROLE("r.name") " AND s.name IN (" CONTENTS_SETTINGS_SQL ")";

static const char role_comments_sql[] =
    "SELECT format('COMMENT ON ROLE %I IS %L', r.name, r.comment)"
    "  FROM jsonb_to_recordset($1::jsonb->'roles') AS r(name text, comment text)"
    " WHERE r.comment IS NOT NULL AND" IS_OWN_ROLE("r.name");

/*
 * The grantor of a membership needs the ADMIN option from PostgreSQL 16 on; earlier versions did
 * not ask, so their grantors may lack it.
 */
static const char members_sql[] =
    "SELECT format('GRANT %I TO %I WITH %s GRANTED BY %I', m.role, m.member,"
    "    CASE WHEN current_setting('server_version_num')::int < 160000"
    "         THEN 'ADMIN OPTION'"
    "         ELSE format('ADMIN %s, INHERIT %s, SET %s', coalesce(m.admin, false)::text,"
    "             coalesce(m.inherit, a.rolinherit)::text, coalesce(m.set, true)::text) END,"
    "    CASE WHEN current_setting('server_version_num')::int >= 160000"
    "              AND ($1::jsonb->>'server')::int < 160000 THEN 'dsql_owner'"
    "         ELSE coalesce(m.grantor, 'dsql_owner') END)"
    "  FROM jsonb_to_recordset($1::jsonb->'members') AS m(role text, member text, grantor text,"
    "       admin bool, inherit bool, set bool) JOIN pg_roles a ON a.rolname = m.member"
    " WHERE" IS_OWN_ROLE("m.role") " AND" IS_OWN_ROLE(
        "m.member") "   AND (m.admin OR current_setting('server_version_num')::int >= 160000)"
                    " UNION ALL "
                    "SELECT format('GRANT %I TO %I GRANTED BY %I', m.role, m.member,"
                    "              coalesce(m.grantor, 'dsql_owner'))"
                    "  FROM jsonb_to_recordset($1::jsonb->'members') AS m(role text, member text, "
                    "grantor text,"
                    "       admin bool)"
                    " WHERE" IS_OWN_ROLE("m.role") " AND" IS_OWN_ROLE(
                        "m.member") "   AND NOT m.admin AND "
                                    "current_setting('server_version_num')::int < 160000";

/* The same rules as AWS IAM GRANT. */
static const char mappings_sql[] =
    "SELECT format('INSERT INTO sys.iam_role_mappings"
    "    SELECT nextval(''sys.iam_oids'')::oid, %L, r.oid, g.oid"
    "      FROM pg_roles r, pg_roles g WHERE r.rolname = %L AND g.rolname = %L"
    "        ON CONFLICT DO NOTHING', m.arn, r.rolname, coalesce(g.rolname, 'admin'))"
    "  FROM jsonb_to_recordset($1::jsonb->'mappings') AS m(arn text, role text, grantor text)"
    "  JOIN pg_roles r ON r.rolname = m.role LEFT JOIN pg_roles g ON g.rolname = m.grantor"
    " WHERE NOT r.rolsuper AND r.rolname <> 'admin' AND r.rolname !~ '^(pg|dsql)_'"
    "   AND m.arn ~ '^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:[a-z-]+/.+'"
    " ORDER BY m.role, m.arn";

/* ---- Objects ---- */

/* The objects of the JSON as this cluster has them, without those of the system. */
#define OBJECTS                                                                                    \
    " FROM ROWS FROM (jsonb_to_recordset($1::jsonb->'objects')"                                    \
    "           AS (type text, names text[], args text[], owner text, acl jsonb))"                 \
    "      WITH ORDINALITY AS o(type, names, args, owner, acl, number)"                            \
    "  CROSS JOIN LATERAL pg_get_object_address(o.type, o.names, o.args) a"                        \
    "  CROSS JOIN LATERAL pg_identify_object(a.classid, a.objid, a.objsubid) i"                    \
    "  JOIN pg_roles r ON r.rolname = o.owner AND NOT r.rolsuper AND" IS_OWN_ROLE(                 \
        "r.rolname") " WHERE (a.objid >= 16384 OR a.classid = 'pg_namespace'::regclass AND "       \
                     "o.names = '{public}')"                                                       \
                     "   AND 'sys' <> ALL (ARRAY[coalesce(i.schema, ''), i.identity])"

/*
 * A sequence of a column follows its table.  The condition is on o and not on i, because an
 * object that does not exist yet has no address.
 */
static const char owners_sql[] =
    "SELECT format('ALTER %s %s OWNER TO %I', CASE i.type"
    "    WHEN 'statistics object' THEN 'STATISTICS' WHEN 'composite type' THEN 'TYPE'"
    "    ELSE i.type END, i.identity, r.rolname)" OBJECTS
    "   AND (o.type = 'statistics object') = $2::bool"
    "   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = a.classid AND d.objid = a.objid"
    "           AND a.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass"
    "           AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i') AND i.type = 'sequence')";

#define WORD                                                                                       \
    "CASE WHEN i.type IN ('schema', 'sequence', 'type') THEN i.type"                               \
    "     WHEN i.type IN ('function', 'procedure', 'aggregate') THEN 'ROUTINE' ELSE 'TABLE' END"

/* Only these words are taken over into a statement. */
#define IS_PRIVILEGE                                                                               \
    " x.privilege IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES',"           \
    "     'TRIGGER', 'MAINTAIN', 'USAGE', 'CREATE', 'EXECUTE')"

#define ACL_ITEMS(acl)                                                                             \
    "jsonb_to_recordset(" acl ") AS x(grantor text, grantee text, privilege text, grantable bool)"

#define GRANTEE "CASE WHEN x.grantee IS NULL THEN 'PUBLIC' ELSE quote_ident(x.grantee) END"

/* A superuser grants as the owner; another grantor has to be named. */
#define GRANT_AS(owner)                                                                            \
    "CASE WHEN x.grantor = " owner " THEN '' ELSE format('SET LOCAL ROLE %I; ', x.grantor) END"

#define GRANT_OPTION(owner)                                                                        \
    "CASE WHEN x.grantable AND x.grantee <> " owner " THEN ' WITH GRANT OPTION' ELSE '' END"

static const char revoke_sql[] = "SELECT format('REVOKE ALL ON %s %s FROM %I, PUBLIC', " WORD
                                 ", i.identity, o.owner)" OBJECTS "   AND o.acl <> 'null'";

static const char grant_sql[] = "SELECT " GRANT_AS(
    "o.owner") " || format('GRANT %s ON %s %s TO %s%s', x.privilege,"
               "    o.word, o.identity, " GRANTEE
               ", " GRANT_OPTION("o.owner") ")"
                                            "  FROM (SELECT o.*, i.identity, " WORD
                                            " AS word" OBJECTS " AND o.acl <> 'null') o,"
                                            "       " ACL_ITEMS(
                                                "o.acl") " WHERE" IS_PRIVILEGE
                                                         " ORDER BY x.grantor <> o.owner, o.number";

static const char grant_columns_sql[] = "SELECT " GRANT_AS(
    "r.rolname") " || format('GRANT %s (%I) ON TABLE %I.%I TO %s%s',"
                 "    x.privilege, o.\"column\", o.names[1], o.names[2], " GRANTEE
                 ", " GRANT_OPTION(
                     "r.rolname") ")"
                                  "  FROM jsonb_to_recordset($1::jsonb->'columns') AS o(names "
                                  "text[], \"column\" text, acl jsonb)"
                                  "  JOIN pg_namespace n ON n.nspname = o.names[1] AND n.nspname "
                                  "!~ '^pg_'"
                                  "       AND n.nspname NOT IN ('sys', 'information_schema')"
                                  "  JOIN pg_class c ON c.relname = o.names[2] AND c.relnamespace "
                                  "= n.oid"
                                  "  JOIN pg_roles r ON r.oid = c.relowner, " ACL_ITEMS(
                                      "o.acl") " WHERE" IS_PRIVILEGE
                                               " ORDER BY x.grantor <> r.rolname";

/* Without a schema, the built-in default privileges have to go first. */
#define DEFAULTS                                                                                   \
    " FROM (SELECT d.*, format('ALTER DEFAULT PRIVILEGES FOR ROLE %I %s', d.role,"                 \
    "              CASE WHEN schema IS NULL THEN '' ELSE format('IN SCHEMA %I ', schema) END)"     \
    "              AS alter, CASE kind WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES'"           \
    "              WHEN 'f' THEN 'ROUTINES' WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END AS objects"   \
    "         FROM jsonb_to_recordset($1::jsonb->'defaults') AS d(role text, schema text,"         \
    "              kind text, acl jsonb) WHERE" IS_OWN_ROLE("d.role") ") d"

static const char revoke_defaults_sql[] =
    "SELECT format('%sREVOKE ALL ON %s FROM %I, PUBLIC', alter, objects, d.role)" DEFAULTS
    " WHERE schema IS NULL";

static const char grant_defaults_sql[] =
    "SELECT format('%sGRANT %s ON %s TO %s%s', alter, x.privilege, objects, " GRANTEE ","
    "    " GRANT_OPTION("d.role") ")" DEFAULTS ", " ACL_ITEMS("d.acl") " WHERE" IS_PRIVILEGE;

/* ---- What the loading role may do ---- */

static const char allow_creation_sql[] =
    "SELECT format('GRANT CREATE ON DATABASE postgres TO %I', $2::text)"
    " UNION ALL SELECT CASE WHEN EXISTS (SELECT FROM jsonb_array_elements($1::jsonb->'objects') o"
    "         WHERE o->'type' = '\"schema\"' AND o->'names' = '[\"public\"]')"
    "     THEN format('ALTER SCHEMA public OWNER TO %I', $2::text) ELSE 'DROP SCHEMA public' END";

static const char allow_data_sql[] =
    "SELECT format('GRANT %s ON %s %s TO %I', CASE i.type WHEN 'schema' THEN 'USAGE'"
    "    WHEN 'table' THEN 'INSERT' ELSE 'UPDATE' END, i.type, i.identity, $2::text)" OBJECTS
    "   AND o.type IN ('schema', 'table', 'sequence') ORDER BY o.number";

static const char allow_ownership_sql[] =
    "SELECT DISTINCT format('GRANT %I TO %I', r.rolname, $2::text)"
    "  FROM jsonb_to_recordset($1::jsonb->'objects') AS o(owner text)"
    "  JOIN pg_roles r ON r.rolname = o.owner AND NOT r.rolsuper AND" IS_OWN_ROLE("r.rolname");

/* ---- Running what a query returns ---- */

/* Of one pass over the statements. */
struct pass {
    int done;
    int failed;
    dsql_error error; /* of the first one that failed */
};

/* is_done has an entry for each row. */
static struct pass run_pass(PGconn *conn, const PGresult *statements, bool *is_done)
{
    struct pass pass = {0};
    for (int i = 0; i < PQntuples(statements); i++) {
        dsql_error error = {0};
        if (is_done[i]) {
            continue;
        }
        if (database_run(conn, PQgetvalue(statements, i, 0), &error) == DSQL_OK) {
            is_done[i] = true;
            pass.done++;
        } else if (pass.failed++ == 0) {
            pass.error = error;
        }
    }
    return pass;
}

/*
 * A grant may need another one, of its grant option, that comes later, so what fails is tried
 * again after the others.  A statement that fails changes nothing.
 */
static dsql_status run_statements(PGconn *conn, const PGresult *statements, dsql_error *err)
{
    bool *is_done = mem_new_array((size_t)PQntuples(statements) + 1, sizeof *is_done);
    if (is_done == NULL) {
        return fail_nomem(err);
    }
    struct pass pass;
    do {
        pass = run_pass(conn, statements, is_done);
    } while (pass.failed > 0 && pass.done > 0);
    mem_free(is_done);
    if (pass.failed > 0 && err != NULL) {
        *err = pass.error;
    }
    return pass.failed > 0 ? DSQL_ERR_QUERY : DSQL_OK;
}

static dsql_status query(PGconn *conn, const char *sql, int count, const char *const *values,
                         PGresult **result, dsql_error *err)
{
    *result = PQexecParams(conn, sql, count, NULL, values, NULL, NULL, 0);
    return database_is_success(*result) ? DSQL_OK : database_query_failed(conn, *result, err);
}

static dsql_status apply(PGconn *conn, const char *sql, const char *contents, const char *argument,
                         dsql_error *err)
{
    const char *const values[] = {contents, argument};
    PGresult *statements = NULL;
    dsql_status status = query(conn, sql, argument == NULL ? 1 : 2, values, &statements, err);
    if (status == DSQL_OK) {
        status = run_statements(conn, statements, err);
    }
    PQclear(statements);
    return status;
}

static dsql_status apply_all(PGconn *conn, const char *const *queries, const char *contents,
                             dsql_error *err)
{
    dsql_status status = DSQL_OK;
    for (; *queries != NULL && status == DSQL_OK; queries++) {
        status = apply(conn, *queries, contents, NULL, err);
    }
    return status;
}

dsql_status contents_create_roles(PGconn *conn, const char *contents, dsql_error *err)
{
    static const char *const queries[] = {create_roles_sql, alter_roles_sql, role_settings_sql,
                                          role_comments_sql, NULL};
    return apply_all(conn, queries, contents, err);
}

dsql_status contents_set_owners(PGconn *conn, const char *contents, bool of_statistics,
                                dsql_error *err)
{
    return apply(conn, owners_sql, contents, of_statistics ? "true" : "false", err);
}

dsql_status contents_grant(PGconn *conn, const char *contents, dsql_error *err)
{
    static const char *const queries[] = {
        revoke_sql, grant_sql, grant_columns_sql, revoke_defaults_sql, grant_defaults_sql, NULL};
    return apply_all(conn, queries, contents, err);
}

/* After the privileges: a mapping lets clients in. */
dsql_status contents_grant_roles(PGconn *conn, const char *contents, dsql_error *err)
{
    static const char *const queries[] = {members_sql, mappings_sql, NULL};
    return apply_all(conn, queries, contents, err);
}

dsql_status contents_allow_creation(PGconn *conn, const char *contents, const char *role,
                                    dsql_error *err)
{
    return apply(conn, allow_creation_sql, contents, role, err);
}

dsql_status contents_allow_data(PGconn *conn, const char *contents, const char *role,
                                dsql_error *err)
{
    return apply(conn, allow_data_sql, contents, role, err);
}

dsql_status contents_allow_ownership(PGconn *conn, const char *contents, const char *role,
                                     dsql_error *err)
{
    return apply(conn, allow_ownership_sql, contents, role, err);
}
