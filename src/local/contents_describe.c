/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a cluster's contents.  Names of roles and objects are in the text, and no OIDs: the
 * roles of another cluster have other OIDs.
 */
#include "base/error.h"
#include "local/contents.h"
#include "local/database.h"

#include <inttypes.h>
#include <stdint.h>

/*
 * Rows as text must be the same text in another session, and no function of a user may take the
 * place of one of PostgreSQL's.
 */
static const char session_sql[] =
    "SET dsql_local.strict = off; SET search_path = pg_catalog, pg_temp; SET datestyle = 'ISO, "
    "YMD';"
    " SET intervalstyle = 'postgres'; SET timezone = 'UTC'; SET bytea_output = 'hex';"
    " SET extra_float_digits = 1; SET xmloption = 'content'; SET client_encoding = 'UTF8';"
    " SET client_min_messages = error; SET lock_timeout = 0; SET statement_timeout = 0";

#define NAMESPACES                                                                                 \
    " namespace(oid) AS (SELECT oid FROM pg_namespace"                                             \
    "    WHERE nspname NOT IN ('information_schema', 'sys') AND nspname !~ '^pg_')"

/* An acl that says what no acl says is null.  pg_dump compares them in the same way. */
#define ACL(acl, kind, owner)                                                                      \
    "(SELECT CASE"                                                                                 \
    "    WHEN " acl " IS NULL OR (SELECT array_agg(i::text ORDER BY i::text) FROM unnest(" acl     \
    "        ) i) IS NOT DISTINCT FROM (SELECT array_agg(i::text ORDER BY i::text)"                \
    "        FROM unnest(acldefault(" kind ", " owner ")) i) THEN NULL"                            \
    "    ELSE (SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object('grantor', gr.name,"          \
    "            'grantee', ge.name, 'privilege', x.privilege_type,"                               \
    "            'grantable', x.is_grantable)), '[]')"                                             \
    "        FROM aclexplode(" acl ") x JOIN role gr ON gr.oid = x.grantor"                        \
    "        LEFT JOIN role ge ON ge.oid = x.grantee) END)"

/*
 * Settings that a user may change.  The others are not restored: some name libraries that the
 * server loads.
 */
#define SETTINGS                                                                                   \
    "(SELECT jsonb_agg(jsonb_build_object('name', name, 'value', value) ORDER BY name)"            \
    "   FROM pg_db_role_setting s, unnest(setconfig) AS one(setting),"                             \
    "        LATERAL (SELECT split_part(setting, '=', 1),"                                         \
    "                        substr(setting, strpos(setting, '=') + 1)) AS parts(name, value)"     \
    "  WHERE s.setrole = r.oid AND s.setdatabase = 0 AND name IN (" CONTENTS_SETTINGS_SQL "))"

#define ROLES                                                                                      \
    " role(oid, name) AS (SELECT oid, CASE WHEN rolsuper OR rolname ~ '^pg_' THEN 'admin'"         \
    "     ELSE rolname END FROM pg_roles)"

static const char roles_sql[] =
    "SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('name', rolname,"
    "        'attributes', CASE WHEN rolname <> 'admin' THEN jsonb_build_object("
    "            'login', rolcanlogin, 'inherit', rolinherit, 'createrole', rolcreaterole,"
    "            'createdb', rolcreatedb, 'bypassrls', rolbypassrls,"
    "            'connections', rolconnlimit, 'until', rolvaliduntil) END,"
    "        'settings', " SETTINGS ", 'comment', shobj_description(r.oid, 'pg_authid')))"
    "        ORDER BY rolname)::text"
    "  FROM pg_roles r WHERE rolname !~ '^pg_' AND rolname <> 'dsql_owner'";

static const char members_sql[] =
    "SELECT coalesce(jsonb_agg(DISTINCT jsonb_strip_nulls(jsonb_build_object("
    "        'role', r.rolname, 'member', m.rolname, 'grantor', g.rolname,"
    "        'admin', a.admin_option, 'inherit', to_jsonb(a)->'inherit_option',"
    "        'set', to_jsonb(a)->'set_option'))), '[]')::text"
    "  FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid"
    "  JOIN pg_roles m ON m.oid = a.member LEFT JOIN pg_roles g ON g.oid = a.grantor"
    " WHERE r.rolname !~ '^pg_' AND m.rolname !~ '^pg_'"
    "   AND 'dsql_owner' NOT IN (r.rolname, m.rolname)";

static const char mappings_sql[] =
    "WITH" ROLES " SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object("
    "        'arn', arn, 'role', r.rolname, 'grantor', coalesce(g.name, 'admin'))), '[]')::text"
    "  FROM sys.iam_role_mappings m JOIN pg_roles r ON r.oid = m.pg_role_oid"
    "  LEFT JOIN role g ON g.oid = m.grantor_pg_role_oid";

#define OBJECT_ACL ACL("o.acl", "o.kind", "o.owner")

/* Schemas come first: to use a privilege in one, a grantor needs one on the schema. */
static const char objects_sql[] =
    "WITH" NAMESPACES "," ROLES ", object(class_id, oid, owner, acl, kind) AS ("
    "    SELECT 'pg_namespace'::regclass, oid, nspowner, nspacl, 'n'::\"char\""
    "      FROM pg_namespace n JOIN namespace USING (oid)"
    "    UNION ALL SELECT 'pg_class'::regclass, oid, relowner, relacl,"
    "           CASE relkind WHEN 'S' THEN 's'::\"char\" ELSE 'r'::\"char\" END"
    "      FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')"
    "       AND relnamespace IN (SELECT oid FROM namespace)"
    "    UNION ALL SELECT 'pg_proc'::regclass, oid, proowner, proacl, 'f'"
    "      FROM pg_proc WHERE pronamespace IN (SELECT oid FROM namespace)"
    "    UNION ALL SELECT 'pg_type'::regclass, t.oid, typowner, typacl, 'T'"
    "      FROM pg_type t LEFT JOIN pg_class c ON c.oid = typrelid"
    "     WHERE typnamespace IN (SELECT oid FROM namespace)"
    "       AND (typtype IN ('d', 'e', 'r') OR c.relkind = 'c')"
    "    UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, stxowner, NULL, NULL"
    "      FROM pg_statistic_ext WHERE stxnamespace IN (SELECT oid FROM namespace)"
    "    UNION ALL SELECT 'pg_collation'::regclass, oid, collowner, NULL, NULL"
    "      FROM pg_collation WHERE collnamespace IN (SELECT oid FROM namespace)"
    "    UNION ALL SELECT 'pg_operator'::regclass, oid, oprowner, NULL, NULL"
    "      FROM pg_operator WHERE oprnamespace IN (SELECT oid FROM namespace))"
    " SELECT coalesce(jsonb_agg(jsonb_build_object('type', a.type, 'names', a.object_names,"
    "        'args', a.object_args, 'owner', r.name,"
    "        'acl', " OBJECT_ACL ")"
    "        ORDER BY a.type <> 'schema', a.type, a.object_names, a.object_args), "
    "'[]')::text"
    "  FROM object o JOIN role r ON r.oid = o.owner,"
    "       LATERAL pg_identify_object_as_address(o.class_id, o.oid, 0) a";

/*
 * What restores as exactly the same text.  Expressions do not: PostgreSQL writes some in another
 * way after it has read them, so of these it is the objects that they use.
 */
#define LINES                                                                                      \
    " line(class_id, oid, line) AS ("                                                              \
    "    SELECT 'pg_class'::regclass, attrelid, format('column %s %s %s %s %s %s', attname,"       \
    "           format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,"          \
    "           atthasdef) FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped"                \
    "    UNION ALL SELECT 'pg_class'::regclass, oid, format('table %s %s %s %s', relkind,"         \
    "           relrowsecurity, relforcerowsecurity, reloptions) FROM pg_class"                    \
    "    UNION ALL SELECT 'pg_class'::regclass, inhrelid, 'inherits ' || inhparent::regclass"      \
    "      FROM pg_inherits"                                                                       \
    "    UNION ALL SELECT 'pg_class'::regclass, indrelid, format('index %s %s', indexrelid"        \
    "           ::regclass, indisunique) FROM pg_index WHERE indisvalid"                           \
    "    UNION ALL SELECT CASE WHEN conrelid <> 0 THEN 'pg_class'::regclass"                       \
    "           ELSE 'pg_type'::regclass END, greatest(conrelid, contypid), format('constraint "   \
    "%s %s %s',"                                                                                   \
    "           conname, contype, convalidated) FROM pg_constraint WHERE contype <> 'n'"           \
    "    UNION ALL SELECT 'pg_class'::regclass, tgrelid, format('trigger %s %s %s %s', tgname,"    \
    "           tgfoid::regprocedure, tgenabled, tgtype) FROM pg_trigger WHERE NOT tgisinternal"   \
    "    UNION ALL SELECT 'pg_class'::regclass, ev_class, format('rule %s %s %s %s', rulename,"    \
    "           ev_type, is_instead, ev_enabled) FROM pg_rewrite"                                  \
    "    UNION ALL SELECT 'pg_class'::regclass, polrelid, format('policy %s %s %s', polname,"      \
    "           polcmd, polpermissive) FROM pg_policy"                                             \
    "    UNION ALL SELECT 'pg_type'::regclass, oid, format('type %s %s', typnotnull,"              \
    "           format_type(typbasetype, typtypmod)) FROM pg_type"                                 \
    "    UNION ALL SELECT 'pg_proc'::regclass, oid, format('function %s %s %s %s %s %s %s %s',"    \
    "           md5(prosrc), prosecdef, provolatile, proisstrict, proleakproof, proparallel,"      \
    "           proconfig, format_type(prorettype, NULL)) FROM pg_proc"                            \
    "    UNION ALL SELECT part.class_id, part.oid, format('uses %s %s', i.type, i.identity)"       \
    "      FROM (SELECT 'pg_class'::regclass, ev_class, 'pg_rewrite'::regclass, oid"               \
    "              FROM pg_rewrite"                                                                \
    "            UNION ALL SELECT 'pg_class'::regclass, adrelid, 'pg_attrdef'::regclass, oid"      \
    "              FROM pg_attrdef"                                                                \
    "            UNION ALL SELECT CASE WHEN conrelid <> 0 THEN 'pg_class'::regclass ELSE"          \
    "                   'pg_type'::regclass END, greatest(conrelid, contypid), "                   \
    "'pg_constraint'::regclass,"                                                                   \
    "                   oid FROM pg_constraint"                                                    \
    "            UNION ALL SELECT 'pg_class'::regclass, indrelid, 'pg_class'::regclass, "          \
    "indexrelid"                                                                                   \
    "              FROM pg_index"                                                                  \
    "            UNION ALL SELECT 'pg_class'::regclass, polrelid, 'pg_policy'::regclass, oid"      \
    "              FROM pg_policy) AS part(class_id, oid, part_class, part_oid)"                   \
    "      JOIN pg_depend d ON d.classid = part_class AND d.objid = part_oid"                      \
    "       AND d.refclassid IN ('pg_proc'::regclass, 'pg_class'::regclass)"                       \
    "       AND d.refobjid <> part.oid AND d.objid >= 16384,"                                      \
    "      LATERAL pg_identify_object(d.refclassid, d.refobjid, 0) i)"

static const char definitions_sql[] =
    "WITH" NAMESPACES "," LINES
    " SELECT coalesce(jsonb_agg(jsonb_build_object('type', i.type, 'name', i.identity,"
    "        'lines', o.lines) ORDER BY i.type, i.identity), '[]')::text"
    "  FROM (SELECT class_id, oid, md5(string_agg(DISTINCT line, chr(10) ORDER BY line))"
    "          FROM line WHERE (class_id, oid) IN ("
    "               SELECT 'pg_class'::regclass, oid FROM pg_class WHERE relkind <> 'i'"
    "                  AND relnamespace IN (SELECT oid FROM namespace)"
    "               UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc"
    "                WHERE pronamespace IN (SELECT oid FROM namespace)"
    "               UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type WHERE typtype = 'd'"
    "                  AND typnamespace IN (SELECT oid FROM namespace))"
    "         GROUP BY class_id, oid) AS o(class_id, oid, lines),"
    "       LATERAL pg_identify_object(o.class_id, o.oid, 0) i";

static const char columns_sql[] =
    "WITH" NAMESPACES "," ROLES " SELECT coalesce(jsonb_agg(jsonb_build_object("
    "        'names', jsonb_build_array(n.nspname, c.relname), 'column', attname,"
    "        'acl', " ACL(
        "attacl", "'c'",
        "c.relowner") ")"
                      "        ORDER BY n.nspname, c.relname, attname), '[]')::text"
                      "  FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid"
                      "  JOIN pg_namespace n ON n.oid = relnamespace"
                      " WHERE attacl <> '{}' AND NOT attisdropped"
                      "   AND relnamespace IN (SELECT oid FROM namespace)";

static const char defaults_sql[] =
    "WITH" ROLES " SELECT coalesce(jsonb_agg(jsonb_build_object('role', r.name,"
    "        'schema', n.nspname, 'kind', defaclobjtype, 'acl', (SELECT coalesce(jsonb_agg("
    "            DISTINCT jsonb_build_object('grantee', ge.name, 'privilege',"
    "                x.privilege_type, 'grantable', x.is_grantable)), '[]')"
    "            FROM aclexplode(defaclacl) x LEFT JOIN role ge ON ge.oid = x.grantee))"
    "        ORDER BY n.nspname IS NOT NULL, r.name, n.nspname, defaclobjtype), '[]')::text"
    "  FROM pg_default_acl d JOIN role r ON r.oid = defaclrole"
    "  LEFT JOIN pg_namespace n ON n.oid = defaclnamespace";

/* The tables, with the statement that reads each one. */
static const char tables_sql[] =
    "WITH" NAMESPACES " SELECT jsonb_build_array(n.nspname, c.relname),"
    "        format('COPY %I.%I TO STDOUT', n.nspname, c.relname)"
    "  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
    " WHERE relkind = 'r' AND relnamespace IN (SELECT oid FROM namespace)"
    " ORDER BY n.nspname, c.relname";

dsql_status contents_session(PGconn *conn, dsql_error *err)
{
    return database_run(conn, session_sql, err);
}

/* The one value of a query; *value stays empty if it is NULL or there is no row. */
static dsql_status query_value(PGconn *conn, const char *sql, struct buf *value, dsql_error *err)
{
    PGresult *result = PQexec(conn, sql);
    dsql_status status =
        database_is_success(result) ? DSQL_OK : database_query_failed(conn, result, err);
    if (status == DSQL_OK && PQntuples(result) > 0) {
        buf_add_string(value, PQgetvalue(result, 0, 0));
        status = buf_ok(value) ? DSQL_OK : fail_nomem(err);
    }
    PQclear(result);
    return status;
}

/* ---- Rows ---- */

/* FNV-1a.  It need not resist anybody who can choose rows: who can, can change them. */
static uint64_t hash_row(const char *row, size_t len)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char)row[i]) * UINT64_C(1099511628211);
    }
    return hash;
}

/* The sum does not depend on the order of the rows. */
static dsql_status read_rows(PGconn *conn, const char *copy_sql, uint64_t *rows, uint64_t *sum,
                             dsql_error *err)
{
    PGresult *result = PQexec(conn, copy_sql);
    if (PQresultStatus(result) != PGRES_COPY_OUT) {
        dsql_status status = database_query_failed(conn, result, err);
        PQclear(result);
        return status;
    }
    PQclear(result);
    char *row = NULL;
    for (int len = PQgetCopyData(conn, &row, 0); len > 0; len = PQgetCopyData(conn, &row, 0)) {
        *rows += 1;
        *sum += hash_row(row, (size_t)len);
        PQfreemem(row);
    }
    result = PQgetResult(conn);
    dsql_status status =
        database_is_success(result) ? DSQL_OK : database_query_failed(conn, result, err);
    PQclear(result);
    /* libpq is ready for the next statement when there is no further result. */
    PQclear(PQgetResult(conn));
    return status;
}

/*
 * By COPY and not by a SELECT: to plan one, PostgreSQL may evaluate an expression of an index, and
 * the functions in it would run as a superuser.  COPY of a table plans nothing, and fails if the
 * name is by now a view's.  Generated columns are not copied; they are computed again.
 */
static dsql_status describe_rows(PGconn *conn, struct buf *out, dsql_error *err)
{
    PGresult *tables = PQexec(conn, tables_sql);
    dsql_status status =
        database_is_success(tables) ? DSQL_OK : database_query_failed(conn, tables, err);
    buf_add_string(out, "[");
    for (int i = 0; i < PQntuples(tables) && status == DSQL_OK; i++) {
        uint64_t rows = 0;
        uint64_t sum = 0;
        status = read_rows(conn, PQgetvalue(tables, i, 1), &rows, &sum, err);
        buf_printf(out,
                   "%s{\"names\": %s, \"rows\": %" PRIu64 ", \"checksum\": \"%016" PRIx64 "\"}",
                   i == 0 ? "" : ", ", PQgetvalue(tables, i, 0), rows, sum);
    }
    buf_add_string(out, "]");
    PQclear(tables);
    return status;
}

/* ---- All of it ---- */

/*
 * Each query returns the value of one key.  Together they see one state only in a transaction, of
 * which there is one snapshot.
 */
static const struct part {
    const char *key;
    const char *sql;
} parts[] = {
    {"server", "SELECT current_setting('server_version_num')"},
    {"roles", roles_sql},
    {"members", members_sql},
    {"mappings", mappings_sql},
    {"objects", objects_sql},
    {"definitions", definitions_sql},
    {"columns", columns_sql},
    {"defaults", defaults_sql},
};

dsql_status contents_describe(PGconn *conn, struct buf *out, dsql_error *err)
{
    dsql_status status = DSQL_OK;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && status == DSQL_OK; i++) {
        buf_printf(out, "%s\"%s\": ", i == 0 ? "{" : ",\n ", parts[i].key);
        status = query_value(conn, parts[i].sql, out, err);
    }
    if (status == DSQL_OK) {
        buf_add_string(out, ",\n \"tables\": ");
        status = describe_rows(conn, out, err);
    }
    buf_add_string(out, "}");
    return status == DSQL_OK && !buf_ok(out) ? fail_nomem(err) : status;
}
