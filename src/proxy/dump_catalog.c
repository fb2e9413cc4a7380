/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/dump_catalog.h"

#include <string.h>

/*
 * pg_dump leaves out what is in schemas of the system, which it knows by their names.  A table
 * without an access method gets the default one of where it is restored; so does an index.
 */
static const struct catalog_query {
    const char *name;
    const char *start; /* of the query */
    const char *part;  /* of the query, that is replaced; "": its end */
    const char *instead;
} queries[] = {
    {"the schemas", "SELECT n.tableoid, n.oid, n.nspname, n.nspowner,", "n.nspname,",
     "CASE n.nspname WHEN 'sys' THEN 'pg_sys' ELSE n.nspname END AS nspname,"},
    {"the access methods", "SELECT tableoid, oid, amname, amtype, amhandler", "",
     " WHERE oid < 16384"},
    {"the tables", "SELECT c.tableoid, c.oid, c.relname,", " am.amname,", " NULL AS amname,"},
    {"the indexes", "SELECT t.tableoid, t.oid, i.indrelid, t.relname AS indexname,",
     " pg_catalog.pg_get_indexdef(i.indexrelid) AS indexdef,",
     " pg_catalog.regexp_replace(pg_catalog.pg_get_indexdef(i.indexrelid), ' USING btree_index ',"
     " ' USING btree ') AS indexdef,"},
};

/* The position of part in sql; its end if part is empty.  False: it is not there. */
static bool find(struct text sql, const char *part, size_t *position)
{
    size_t len = strlen(part);
    *position = sql.len;
    if (len == 0) {
        return true;
    }
    for (size_t i = 0; i + len <= sql.len; i++) {
        if (text_starts_with(text_slice(sql, i, len), part)) {
            *position = i;
            return true;
        }
    }
    return false;
}

const char *dump_catalog_rewrite(struct text sql, struct buf *out)
{
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        size_t at = 0;
        if (!text_starts_with(sql, queries[i].start) || !find(sql, queries[i].part, &at)) {
            continue;
        }
        size_t end = at + strlen(queries[i].part);
        buf_add_text(out, text_slice(sql, 0, at));
        buf_add_string(out, queries[i].instead);
        buf_add_text(out, text_slice(sql, end, sql.len));
        return queries[i].name;
    }
    return NULL;
}
