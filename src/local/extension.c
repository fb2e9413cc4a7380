/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See extension.h. */
#include "local/extension.h"

#include "base/error.h"
#include "local/database.h"
#include "local/file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef DSQL_EXTENSION_FROM_PROGRAM /* the build gives it, for the places of installing */
#define DSQL_EXTENSION_FROM_PROGRAM "../lib/dsql"
#endif

enum { MODULE_MAX_SIZE = 32 << 20, SQL_MAX_SIZE = 2 << 20, SMALL_FILE_MAX = 64 };

#define MODULE_FILE EXTENSION_NAME ".so"
#define SCRIPT_FILE EXTENSION_NAME "--" EXTENSION_VERSION ".sql"
#define MAJOR_FILE  EXTENSION_NAME ".major"

/* ---- Finding it ---- */

/* False: the path would not fit. */
static bool join(char out[PATH_MAX], const char *folder, const char *name)
{
    int len = snprintf(out, PATH_MAX, "%s/%s", folder, name);
    return len > 0 && len < PATH_MAX;
}

static bool has_module(const char *folder)
{
    char path[PATH_MAX];
    return join(path, folder, MODULE_FILE) && file_exists(path);
}

static bool own_folder(char out[PATH_MAX])
{
    ssize_t len = readlink("/proc/self/exe", out, PATH_MAX - 1);
    out[len > 0 ? len : 0] = '\0';
    char *slash = strrchr(out, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    return true;
}

static dsql_status find_folder(const char *option, char out[PATH_MAX], dsql_error *err)
{
    char own[PATH_MAX];
    if (option != NULL) {
        bool fits = text_copy(text_of(option), out, PATH_MAX);
        return fits && has_module(out)
                   ? DSQL_OK
                   : fail(err, DSQL_ERR_USAGE, "there is no " MODULE_FILE " in %s", option);
    }
    if (own_folder(own) && ((join(out, own, "extension") && has_module(out)) ||
                            (join(out, own, DSQL_EXTENSION_FROM_PROGRAM) && has_module(out)))) {
        return DSQL_OK;
    }
    return fail(err, DSQL_ERR_SYSTEM,
                "the PostgreSQL extension " EXTENSION_NAME " was not found beside %s: build it "
                "(needs the server's headers: apt-get install postgresql-server-dev-all), or say "
                "where it is with --extension-dir",
                own);
}

static dsql_status read_major(struct extension *extension, dsql_error *err)
{
    char path[PATH_MAX];
    struct buf content AUTO_BUF;
    buf_init(&content, SMALL_FILE_MAX);
    if (!join(path, extension->folder, MAJOR_FILE)) {
        return fail(err, DSQL_ERR_SYSTEM, "the path of the extension is too long");
    }
    dsql_status status = file_read(path, &content, err);
    int64_t major = 0;
    if (status == DSQL_OK && !text_to_int64(text_trim(buf_text(&content)), 1, 999, &major)) {
        status = fail(err, DSQL_ERR_SYSTEM, "%s is damaged", path);
    }
    extension->major = (int)major;
    return status;
}

static dsql_status read_part(const struct extension *extension, const char *name, struct buf *out,
                             dsql_error *err)
{
    char path[PATH_MAX];
    return join(path, extension->folder, name)
               ? file_read(path, out, err)
               : fail(err, DSQL_ERR_SYSTEM, "the path of the extension is too long");
}

dsql_status extension_read(struct extension *extension, const char *option, dsql_error *err)
{
    *extension = (struct extension){0};
    buf_init(&extension->module, MODULE_MAX_SIZE);
    buf_init(&extension->script, FILE_MAX_SIZE);
    dsql_status status = find_folder(option, extension->folder, err);
    if (status == DSQL_OK) {
        status = read_major(extension, err);
    }
    if (status == DSQL_OK) {
        status = read_part(extension, MODULE_FILE, &extension->module, err);
    }
    if (status == DSQL_OK) {
        status = read_part(extension, SCRIPT_FILE, &extension->script, err);
    }
    return status;
}

void extension_clear(struct extension *extension)
{
    buf_clear(&extension->module);
    buf_clear(&extension->script);
}

dsql_status extension_check_major(const struct extension *extension, int major, const char *bindir,
                                  dsql_error *err)
{
    if (extension->major == major) {
        return DSQL_OK;
    }
    return fail(err, DSQL_ERR_SYSTEM,
                "the extension in %s is for PostgreSQL %d, but %s has %d: choose the other server "
                "with --pg-bindir, or build the extension with -DDSQL_PG_CONFIG=%s/pg_config",
                extension->folder, extension->major, bindir, major, bindir);
}

/* ---- Into a cluster ---- */

dsql_status extension_write(const struct extension *extension, const struct cluster *cluster,
                            dsql_error *err)
{
    char path[PATH_MAX];
    if (text_contains(text_of(cluster->lib), ":")) {
        return fail(err, DSQL_ERR_USAGE,
                    "PostgreSQL cannot load a module from %s: choose a directory without ':' in "
                    "its path with --dir",
                    cluster->lib);
    }
    return join(path, cluster->lib, MODULE_FILE)
               ? file_replace(path, 0700, buf_text(&extension->module), err)
               : fail(err, DSQL_ERR_SYSTEM, "the path of the cluster is too long");
}

/* The script with MODULE_PATHNAME replaced, as CREATE EXTENSION would. */
static dsql_status run_script(const struct extension *extension, PGconn *conn, dsql_error *err)
{
    struct buf sql AUTO_BUF;
    buf_init(&sql, SQL_MAX_SIZE);
    buf_add_string(&sql, "BEGIN;");
    struct text rest = buf_text(&extension->script);
    struct text line;
    while (text_next_line(&rest, &line)) {
        struct text before;
        struct text after;
        while (text_contains(line, "MODULE_PATHNAME") && text_cut(line, 'M', &before, &after)) {
            bool is_name = text_starts_with(after, "ODULE_PATHNAME");
            buf_add_text(&sql, before);
            buf_add_string(&sql, is_name ? EXTENSION_NAME : "M");
            line = is_name ? text_slice(after, strlen("ODULE_PATHNAME"), after.len) : after;
        }
        buf_add_text(&sql, line);
        buf_add_char(&sql, '\n');
    }
    buf_add_string(&sql, "COMMENT ON SCHEMA sys IS '" EXTENSION_NAME " " EXTENSION_VERSION "';"
                         "COMMIT");
    return buf_ok(&sql) ? database_run(conn, sql.data, err) : fail_nomem(err);
}

/* Whether it is loaded, and the version in the database: "" when there is none. */
static dsql_status ask_version(PGconn *conn, struct buf *version, dsql_error *err)
{
    PGresult *result =
        PQexec(conn, "SELECT pg_catalog.current_setting('shared_preload_libraries') ~"
                     "         '(^|[, ])" EXTENSION_NAME "($|[, ])',"
                     "       pg_catalog.obj_description(n.oid, 'pg_namespace')"
                     "  FROM (VALUES ('sys')) AS s(name)"
                     "  LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = s.name");
    dsql_status status = DSQL_OK;
    if (PQntuples(result) != 1) {
        status = fail(err, DSQL_ERR_QUERY, "%s", PQerrorMessage(conn));
    } else if (strcmp(PQgetvalue(result, 0, 0), "t") != 0) {
        status = fail(err, DSQL_ERR_SYSTEM,
                      "PostgreSQL runs without the extension " EXTENSION_NAME
                      ": without it nothing would find conflicts, so the cluster is not served");
    } else {
        buf_add_string(version, PQgetvalue(result, 0, 1));
    }
    PQclear(result);
    return status;
}

/* Tables made before there was an access method of ours. */
static const char move_tables_sql[] =
    "DO $$ DECLARE moved record; BEGIN"
    "  FOR moved IN SELECT c.oid::regclass AS name"
    "    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_am a ON a.oid = c.relam"
    "    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    "    WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND a.amname = 'heap'"
    "      AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'sys') LOOP"
    "    EXECUTE pg_catalog.format('ALTER TABLE %s SET ACCESS METHOD dsql', moved.name);"
    "  END LOOP; "
    "END $$";

dsql_status extension_install(const struct extension *extension, PGconn *conn, dsql_error *err)
{
    struct buf version AUTO_BUF;
    buf_init(&version, SMALL_FILE_MAX);
    dsql_status status = ask_version(conn, &version, err);
    if (status == DSQL_OK && version.len == 0) {
        status = run_script(extension, conn, err);
    } else if (status == DSQL_OK &&
               !text_equal_string(buf_text(&version), EXTENSION_NAME " " EXTENSION_VERSION)) {
        status = fail(err, DSQL_ERR_USAGE,
                      "the cluster was made with %s, this is " EXTENSION_NAME " " EXTENSION_VERSION
                      ": start it with the dsql that made it",
                      version.data);
    }
    return status == DSQL_OK ? database_run(conn, move_tables_sql, err) : status;
}
