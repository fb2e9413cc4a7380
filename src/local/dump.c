/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The file, in this order: roles, memberships, pg_dump's output, role mappings.  Restoring runs
 * it from top to bottom, so each part comes after what it refers to.  pg_dump's archive formats
 * are not used: they have no place for roles.
 */
#include "base/error.h"
#include "local/backup.h"
#include "local/backup_programs.h"
#include "local/database.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Every cluster has the access method already, and restoring it would fail.  Compared as whole
 * lines.  If pg_dump changes how it writes them, restoring fails with "already exists".
 */
static const char *const not_dumped[] = {
    "CREATE ACCESS METHOD dsql TYPE TABLE HANDLER sys.dsql_tableam_handler;",
    "COMMENT ON ACCESS METHOD dsql IS "
    "'heap whose transactions conflict at COMMIT and never wait';",
};

enum { NOT_DUMPED_COUNT = sizeof not_dumped / sizeof *not_dumped };

/*
 * Each query returns one column of statements, which leave existing objects as they are.  CREATE
 * ROLE has no IF NOT EXISTS, so the exception is caught in a DO block.  format() quotes: %I an
 * identifier, %L a literal.
 */
static const char roles_sql[] =
    "SELECT pg_catalog.format('DO %L;', pg_catalog.format("
    "    'BEGIN CREATE ROLE %I %s %s; EXCEPTION WHEN duplicate_object THEN NULL; END', rolname,"
    "    CASE WHEN rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END,"
    "    CASE WHEN rolinherit THEN 'INHERIT' ELSE 'NOINHERIT' END))"
    "  FROM pg_catalog.pg_roles WHERE rolname NOT IN ('admin', 'dsql_owner')"
    "    AND rolname !~ '^pg_' ORDER BY rolname";

/*
 * Memberships of predefined roles (pg_*) are left out in both directions: admin may not grant
 * them (cluster.sql), and each cluster has its own.
 */
static const char members_sql[] =
    "SELECT pg_catalog.format('GRANT %I TO %I%s;', r.rolname, m.rolname,"
    "    CASE WHEN a.admin_option THEN ' WITH ADMIN OPTION' ELSE '' END)"
    "  FROM pg_catalog.pg_auth_members a JOIN pg_catalog.pg_roles r ON r.oid = a.roleid"
    "  JOIN pg_catalog.pg_roles m ON m.oid = a.member"
    "  WHERE r.rolname NOT IN ('admin', 'dsql_owner') AND r.rolname !~ '^pg_'"
    "    AND m.rolname !~ '^pg_' ORDER BY 1";

/*
 * By role name and not by OID: the roles of the other cluster have other OIDs.  A grantor that has
 * been dropped becomes admin.
 */
static const char mappings_sql[] =
    "SELECT pg_catalog.format('INSERT INTO sys.iam_role_mappings SELECT"
    " pg_catalog.nextval(''sys.iam_oids'')::oid, %L, r.oid, g.oid"
    " FROM pg_catalog.pg_roles r, pg_catalog.pg_roles g"
    " WHERE r.rolname = %L AND g.rolname = %L ON CONFLICT DO NOTHING;',"
    "    arn, pg_role_name, coalesce(grantor_pg_role_name, 'admin'))"
    "  FROM sys.iam_pg_role_mappings ORDER BY 1";

/* Errors of writing are not checked here: ferror() remembers them, and write_all() asks once. */
static dsql_status write_statements(PGconn *conn, const char *sql, FILE *out, dsql_error *err)
{
    PGresult *result = PQexec(conn, sql);
    dsql_status status = DSQL_OK;
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        status = fail(err, DSQL_ERR_QUERY, "%s", PQerrorMessage(conn));
    }
    for (int i = 0; i < PQntuples(result); i++) {
        fprintf(out, "%s\n", PQgetvalue(result, i, 0));
    }
    PQclear(result);
    return status;
}

/* The line in the list, or -1.  getline() keeps the line break, so lengths differ by one. */
static int find_not_dumped(const char *line, ssize_t len)
{
    for (int i = 0; i < NOT_DUMPED_COUNT; i++) {
        if (len == (ssize_t)strlen(not_dumped[i]) + 1 &&
            strncmp(line, not_dumped[i], (size_t)len - 1) == 0) {
            return i;
        }
    }
    return -1;
}

/* Each of these lines comes once, before the data; the same text later is data. */
static void copy_dump(FILE *in, FILE *out)
{
    char *line = NULL;
    size_t size = 0;
    bool is_left_out[NOT_DUMPED_COUNT] = {false};
    for (ssize_t len = getline(&line, &size, in); len > 0; len = getline(&line, &size, in)) {
        int found = find_not_dumped(line, len);
        if (found >= 0 && !is_left_out[found]) {
            is_left_out[found] = true;
        } else {
            fwrite(line, 1, (size_t)len, out);
        }
    }
    free(line);
}

/*
 * The pipe is read to its end even if the child fails, so pg_dump never blocks on it.
 * backup_wait() reports a failure of fork() too.
 */
static dsql_status run_pg_dump(const struct backup *backup, const char *bindir, FILE *out,
                               dsql_error *err)
{
    /*
     * Schema sys is not data: the other cluster has its own, perhaps of another version.  Access
     * methods are left out because each table of a cluster has the same one.
     */
    static const char *const options[] = {"--exclude-schema=sys", "--no-table-access-method",
                                          "--no-tablespaces", "--no-password", NULL};
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not create a pipe");
    }
    /* Otherwise the child would inherit unwritten output, and write it again. */
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        backup_become(backup, bindir, "pg_dump", options, ends[1]);
    }
    close(ends[1]);
    FILE *in = fdopen(ends[0], "r");
    if (in != NULL) {
        copy_dump(in, out);
        fclose(in);
    }
    return backup_wait(pid, "pg_dump", err);
}

/*
 * The last line is written even after a failure, which does no harm: the file is deleted then.
 * fsync() before the rename, so that a crash cannot leave an empty file under the new name.
 */
static dsql_status write_all(const struct backup *backup, PGconn *conn, const char *bindir,
                             FILE *out, dsql_error *err)
{
    fputs(BACKUP_FIRST_LINE, out);
    backup_report(backup, "dumping roles");
    dsql_status status = write_statements(conn, roles_sql, out, err);
    if (status == DSQL_OK) {
        status = write_statements(conn, members_sql, out, err);
    }
    if (status == DSQL_OK) {
        backup_report(backup, "dumping schemas and data");
        status = run_pg_dump(backup, bindir, out, err);
    }
    if (status == DSQL_OK) {
        status = write_statements(conn, mappings_sql, out, err);
    }
    fputs(BACKUP_LAST_LINE, out);
    if (status == DSQL_OK && (fflush(out) != 0 || ferror(out) || fsync(fileno(out)) != 0)) {
        status = fail_errno(err, DSQL_ERR_SYSTEM, "could not write \"%s\"", backup->file);
    }
    return status;
}

/*
 * The file holds all data of the cluster, so its mode is 0600.  O_NOFOLLOW: in a directory like
 * /tmp another user may have put a symbolic link there.  O_TRUNC for a file that an interrupted
 * dump has left.
 */
static dsql_status write_file(const struct backup *backup, PGconn *conn, const char *bindir,
                              dsql_error *err)
{
    char new_path[PATH_MAX];
    int len = snprintf(new_path, sizeof new_path, "%s.new", backup->file);
    if (len < 0 || (size_t)len >= sizeof new_path) {
        return fail(err, DSQL_ERR_USAGE, "the path is too long: \"%s\"", backup->file);
    }
    int fd = open(new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (out == NULL) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not write \"%s\"", new_path);
    }
    dsql_status status = write_all(backup, conn, bindir, out, err);
    fclose(out);
    if (status == DSQL_OK && rename(new_path, backup->file) != 0) {
        status = fail_errno(err, DSQL_ERR_SYSTEM, "could not write \"%s\"", backup->file);
    }
    if (status != DSQL_OK) {
        unlink(new_path);
    }
    return status;
}

/*
 * pg_dump reads everything in one snapshot; the queries for roles and mappings do not share it.
 * Roles that are created in between may be missing.
 */
dsql_status backup_dump(const struct backup *backup, dsql_error *err)
{
    char bindir[POSTGRES_BINDIR_SIZE];
    PGconn *conn = database_connect(backup->cluster, "dsql_owner", err);
    if (conn == NULL) {
        return DSQL_ERR_CONNECT;
    }
    dsql_status status = backup_find_programs(backup, conn, bindir, err);
    if (status == DSQL_OK) {
        status = write_file(backup, conn, bindir, err);
    }
    PQfinish(conn);
    return status;
}
