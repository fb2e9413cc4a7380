/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparing descriptions.  PostgreSQL does it: jsonb values have an order, so EXCEPT finds what
 * one has and the other does not.
 */
#include "base/error.h"
#include "local/contents.h"
#include "local/database.h"

/* The first object that a new cluster does not have. */
static const char not_empty_sql[] =
    "SELECT (o->>'type') || ' ' || (SELECT string_agg(name, '.')"
    "        FROM jsonb_array_elements_text(o->'names') AS name) || ' already exists'"
    "  FROM jsonb_array_elements($1::jsonb->'objects') AS o"
    " WHERE (o->'type', o->'names') <> ('\"schema\"', '[\"public\"]')"
    " UNION ALL "
    "SELECT 'there are default privileges for role ' || (d->>'role')"
    "  FROM jsonb_array_elements($1::jsonb->'defaults') AS d LIMIT 1";

/* Clusters that are older than the check in the extension may have some. */
static const char large_objects_sql[] =
    "SELECT format('the cluster has %s large objects, which Aurora DSQL does not have. Delete them"
    " first: SELECT lo_unlink(oid) FROM pg_largeobject_metadata', count(*))"
    "  FROM pg_largeobject_metadata HAVING count(*) > 0";

#define ARRAY_OF(parameter, name) "jsonb_array_elements(" parameter "::jsonb->'" name "')"

/* A role or a membership that the file has as well is as the file describes it. */
static const char keep_sql[] =
    "SELECT jsonb_build_object('server', $2::jsonb->'server',"
    "  'roles', (SELECT coalesce(jsonb_agg(b), '[]') FROM " ARRAY_OF(
        "$2",
        "roles") " AS b"
                 "       WHERE b->'name' NOT IN (SELECT f->'name' FROM " ARRAY_OF(
                     "$1",
                     "roles") " AS f)),"
                              "  'members', (SELECT coalesce(jsonb_agg(b), '[]') FROM " ARRAY_OF(
                                  "$2",
                                  "members") " AS b"
                                             "       WHERE (b->'role', b->'member') NOT IN (SELECT "
                                             "f->'role', f->'member'"
                                             "                                                "
                                             "FROM " ARRAY_OF(
                                                 "$1",
                                                 "members") " AS f)),"
                                                            "  'mappings', (SELECT "
                                                            "coalesce(jsonb_agg(b), '[]') "
                                                            "FROM " ARRAY_OF(
                                                                "$2",
                                                                "mappings") " AS b"
                                                                            "       WHERE "
                                                                            "(b->'role', b->'arn') "
                                                                            "NOT IN (SELECT "
                                                                            "f->'role', f->'arn'"
                                                                            "                      "
                                                                            "                      "
                                                                            " FROM " ARRAY_OF(
                                                                                "$1",
                                                                                "mappings") " AS "
                                                                                            "f)))::"
                                                                                            "text";

/*
 * The parts as rows.  Before PostgreSQL 16 memberships had fewer options, and any grantor; and each
 * version records definitions in its own way.  So these are compared between equal versions only.
 */
#define IS_OTHER_MAJOR "($1::jsonb->>'server')::int / 10000 <> ($3::jsonb->>'server')::int / 10000"

#define ROWS_OF(parameter)                                                                         \
    "SELECT key, CASE WHEN key = 'members' AND " IS_OTHER_MAJOR                                    \
    "     THEN item - '{grantor,inherit,set}'::text[] ELSE item END"                               \
    "  FROM jsonb_each(" parameter "::jsonb) AS e,"                                                \
    "       jsonb_array_elements(CASE jsonb_typeof(e.value) WHEN 'array' THEN e.value"             \
    "           ELSE '[]' END) AS item WHERE NOT (key = 'definitions' AND " IS_OTHER_MAJOR ")"

static const char difference_sql[] =
    "WITH expected(part, item) AS (" ROWS_OF("$1") " UNION " ROWS_OF(
        "$2") "),"
              " actual(part, item) AS (" ROWS_OF(
                  "$3") ")"
                        " SELECT part || ' differ from the file, which has ' || item::text"
                        "   FROM (TABLE expected EXCEPT TABLE actual) AS missing"
                        " UNION ALL "
                        " SELECT part || ' differ from the file, which does not have ' || "
                        "item::text"
                        "   FROM (TABLE actual EXCEPT TABLE expected) AS other LIMIT 1";

/* Fails with the value that the query returns, if it returns a row. */
static dsql_status fail_with_row(PGconn *conn, const char *sql, int count,
                                 const char *const *values, dsql_error *err)
{
    PGresult *result = PQexecParams(conn, sql, count, NULL, values, NULL, NULL, 0);
    dsql_status status =
        database_is_success(result) ? DSQL_OK : database_query_failed(conn, result, err);
    if (status == DSQL_OK && PQntuples(result) > 0) {
        status = fail(err, DSQL_ERR_QUERY, "%.300s", PQgetvalue(result, 0, 0));
    }
    PQclear(result);
    return status;
}

dsql_status contents_check_empty(PGconn *conn, const char *contents, dsql_error *err)
{
    return fail_with_row(conn, not_empty_sql, 1, &contents, err);
}

dsql_status contents_check_large_objects(PGconn *conn, dsql_error *err)
{
    return fail_with_row(conn, large_objects_sql, 0, NULL, err);
}

dsql_status contents_keep(PGconn *conn, const char *file, const char *before, struct buf *out,
                          dsql_error *err)
{
    const char *const values[] = {file, before};
    PGresult *result = PQexecParams(conn, keep_sql, 2, NULL, values, NULL, NULL, 0);
    dsql_status status =
        database_is_success(result) ? DSQL_OK : database_query_failed(conn, result, err);
    if (status == DSQL_OK) {
        buf_add_string(out, PQgetvalue(result, 0, 0));
        status = buf_ok(out) ? DSQL_OK : fail_nomem(err);
    }
    PQclear(result);
    return status;
}

dsql_status contents_check(PGconn *conn, const char *file, const char *kept, const char *now,
                           dsql_error *err)
{
    const char *const values[] = {file, kept, now};
    return fail_with_row(conn, difference_sql, 3, values, err);
}
