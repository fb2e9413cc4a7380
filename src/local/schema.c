/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Why versions have two parts: the number orders them, and is raised with each change of
 * schema.sql that is committed; the hash is of both scripts, so that a developer's cluster follows
 * each edit.  With equal numbers and different hashes they are simply run again.
 */
#include "local/schema.h"

#include "base/buf.h"
#include "base/error.h"
#include "local/database.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { SQL_MAX_SIZE = 2 << 20, LABEL_SIZE = 128 };

#define LABEL_PREFIX EXTENSION_NAME " "

/* The owner is exempt from the dialect, and tables of sys are PostgreSQL's own kind. */
static const char session_sql[] =
    "SET dsql_local.strict = off; SET default_table_access_method = heap";

/* One row: whether the module is loaded, whether schema sys exists, and its label. */
static const char state_sql[] =
    "SELECT pg_catalog.current_setting('shared_preload_libraries') ~"
    "         '(^|[, ])" EXTENSION_NAME "($|[, ])',"
    "       n.oid IS NOT NULL, pg_catalog.obj_description(n.oid, 'pg_namespace')"
    "  FROM (VALUES ('sys')) AS s(name)"
    "  LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = s.name";

/*
 * What the catalogue says about the cluster.  label is "" both without a schema and without a
 * comment on it.
 */
struct state {
    bool is_loaded;
    bool has_schema;
    char label[LABEL_SIZE];
};

static bool is_true(const PGresult *result, int column)
{
    return strcmp(PQgetvalue(result, 0, column), "t") == 0;
}

/* PQgetvalue() returns "" for NULL, so a missing comment gives an empty label. */
static dsql_status read_state(PGconn *conn, struct state *state, dsql_error *err)
{
    PGresult *result = PQexec(conn, state_sql);
    dsql_status status = DSQL_OK;
    if (!database_is_success(result)) {
        status = database_query_failed(conn, result, err);
    } else {
        state->is_loaded = is_true(result, 0);
        state->has_schema = is_true(result, 1);
        text_copy(text_of(PQgetvalue(result, 0, 2)), state->label, sizeof state->label);
    }
    PQclear(result);
    return status;
}

/* The number alone orders versions: hashes have no order. */
int schema_version_number(const char *label)
{
    struct text rest = text_of(label);
    struct text number;
    struct text hash;
    int64_t version = -1;
    if (text_is_empty(rest)) {
        return 0;
    }
    if (!text_starts_with(rest, LABEL_PREFIX)) {
        return -1;
    }
    text_cut(text_slice(rest, strlen(LABEL_PREFIX), rest.len), '.', &number, &hash);
    return text_to_int64(number, 0, INT_MAX, &version) ? (int)version : -1;
}

/* The version in a label, for messages. */
static const char *version_of(const char *label)
{
    return label[0] == '\0' ? "0" : label + strlen(LABEL_PREFIX);
}

/*
 * An older build may know neither the tables nor the functions of a newer one.  -1 and "newer"
 * are different errors, as the user can do different things.
 */
static dsql_status check_version(const struct state *state, const struct extension *extension,
                                 dsql_error *err)
{
    char own[LABEL_SIZE];
    snprintf(own, sizeof own, LABEL_PREFIX "%s", extension->version);
    int number = schema_version_number(state->label);
    if (number < 0) {
        return fail(err, DSQL_ERR_SYSTEM,
                    "cannot upgrade the cluster: the version of its schema sys is unknown "
                    "(\"%s\"). Start it with the dsql that created it, or choose another "
                    "directory with --dir",
                    state->label);
    }
    if (number > schema_version_number(own)) {
        return fail(err, DSQL_ERR_SYSTEM,
                    "the cluster was created or upgraded by a newer dsql: its schema sys has "
                    "version %s, and this dsql has version %s. Use the newer dsql, or choose "
                    "another directory with --dir",
                    version_of(state->label), extension->version);
    }
    return DSQL_OK;
}

/* Both scripts and the label are one transaction: the label is true, or nothing has changed. */
static dsql_status run_scripts(PGconn *conn, const struct extension *extension, dsql_error *err)
{
    struct buf sql AUTO_BUF;
    buf_init(&sql, SQL_MAX_SIZE);
    buf_add_string(&sql, "BEGIN;");
    buf_add_text(&sql, buf_text(&extension->schema_sql));
    buf_add_text(&sql, buf_text(&extension->cluster_sql));
    buf_printf(&sql, "COMMENT ON SCHEMA sys IS '" LABEL_PREFIX "%s'; COMMIT", extension->version);
    dsql_status status = buf_ok(&sql) ? database_run(conn, sql.data, err) : fail_nomem(err);
    if (status != DSQL_OK) {
        /* The failed statement has left the transaction open; err keeps its own error. */
        (void)database_run(conn, "ROLLBACK", NULL);
    }
    return status;
}

/*
 * The caller's error has both versions and the server's reason; the transaction guarantees
 * "nothing was changed".
 */
static dsql_status upgrade(PGconn *conn, const struct extension *extension,
                           const struct state *state, dsql_error *err)
{
    dsql_error cause = {0};
    dsql_status status = run_scripts(conn, extension, &cause);
    if (status == DSQL_OK) {
        return DSQL_OK;
    }
    if (!state->has_schema) {
        return fail(err, status, "could not create schema sys: %s", cause.message);
    }
    return fail(err, status,
                "could not upgrade the cluster's schema sys from version %s to %s: %s. Nothing "
                "was changed; start it with the dsql that created it",
                version_of(state->label), extension->version, cause.message);
}

/* A schema without a label is older than the extension, and never current. */
static bool is_current(const struct state *state, const struct extension *extension)
{
    return state->has_schema && state->label[0] != '\0' &&
           strcmp(version_of(state->label), extension->version) == 0;
}

/*
 * upgraded_from is set only for an upgrade, not for a new cluster, as the user wants to know of
 * the former.
 */
static dsql_status create_or_upgrade(PGconn *conn, const struct extension *extension,
                                     const struct state *state, char *upgraded_from,
                                     dsql_error *err)
{
    dsql_status status = check_version(state, extension, err);
    if (status != DSQL_OK || is_current(state, extension)) {
        return status;
    }
    status = upgrade(conn, extension, state, err);
    if (status == DSQL_OK && state->has_schema) {
        text_copy(text_of(version_of(state->label)), upgraded_from, EXTENSION_VERSION_SIZE);
    }
    return status;
}

/*
 * A server without the module would work and never report a conflict: the one failure of a local
 * cluster that no test would notice.
 */
dsql_status schema_install(PGconn *conn, const struct extension *extension,
                           char upgraded_from[EXTENSION_VERSION_SIZE], dsql_error *err)
{
    struct state state = {0};
    upgraded_from[0] = '\0';
    dsql_status status = read_state(conn, &state, err);
    if (status == DSQL_OK && !state.is_loaded) {
        status = fail(err, DSQL_ERR_SYSTEM,
                      "PostgreSQL did not load the extension " EXTENSION_NAME
                      ": without it the cluster would not detect conflicts");
    }
    if (status == DSQL_OK) {
        status = database_run(conn, session_sql, err);
    }
    return status == DSQL_OK ? create_or_upgrade(conn, extension, &state, upgraded_from, err)
                             : status;
}
