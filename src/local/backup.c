/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "local/backup.h"

#include "base/buf.h"
#include "base/error.h"
#include "local/database.h"
#include "local/file.h"
#include "local/postgres_install.h"
#include "local/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_LINE "-- dsql local dump 1\n"
#define LAST_LINE  "-- dsql local dump: complete\n"
/* Dump and restore use statements that Aurora DSQL does not support. */
#define SERVER_OPTIONS "-c dsql_local.strict=off"

/* Every cluster has the access method already, and restoring it would fail. */
static const char *const not_dumped[] = {
    "CREATE ACCESS METHOD dsql TYPE TABLE HANDLER sys.dsql_tableam_handler;",
    "COMMENT ON ACCESS METHOD dsql IS "
    "'heap whose transactions conflict at COMMIT and never wait';",
};

enum { NOT_DUMPED_COUNT = sizeof not_dumped / sizeof *not_dumped };

/* Each query returns one column of statements, which leave existing objects as they are. */
static const char roles_sql[] =
    "SELECT pg_catalog.format('DO %L;', pg_catalog.format("
    "    'BEGIN CREATE ROLE %I %s %s; EXCEPTION WHEN duplicate_object THEN NULL; END', rolname,"
    "    CASE WHEN rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END,"
    "    CASE WHEN rolinherit THEN 'INHERIT' ELSE 'NOINHERIT' END))"
    "  FROM pg_catalog.pg_roles WHERE rolname NOT IN ('admin', 'dsql_owner')"
    "    AND rolname !~ '^pg_' ORDER BY rolname";

static const char members_sql[] =
    "SELECT pg_catalog.format('GRANT %I TO %I%s;', r.rolname, m.rolname,"
    "    CASE WHEN a.admin_option THEN ' WITH ADMIN OPTION' ELSE '' END)"
    "  FROM pg_catalog.pg_auth_members a JOIN pg_catalog.pg_roles r ON r.oid = a.roleid"
    "  JOIN pg_catalog.pg_roles m ON m.oid = a.member"
    "  WHERE r.rolname NOT IN ('admin', 'dsql_owner') AND r.rolname !~ '^pg_'"
    "    AND m.rolname !~ '^pg_' ORDER BY 1";

static const char mappings_sql[] =
    "SELECT pg_catalog.format('INSERT INTO sys.iam_role_mappings SELECT"
    " pg_catalog.nextval(''sys.iam_oids'')::oid, %L, r.oid, g.oid"
    " FROM pg_catalog.pg_roles r, pg_catalog.pg_roles g"
    " WHERE r.rolname = %L AND g.rolname = %L ON CONFLICT DO NOTHING;',"
    "    arn, pg_role_name, coalesce(grantor_pg_role_name, 'admin'))"
    "  FROM sys.iam_pg_role_mappings ORDER BY 1";

static void report_step(const struct backup *backup, const char *line)
{
    if (backup->progress != NULL) {
        backup->progress(line);
    }
}

/* ---- PostgreSQL's programs ---- */

static void become(const struct backup *backup, const char *bindir, const char *name,
                   const char *const *options, int output_fd)
{
    char program[PATH_MAX];
    const char *const argv[] = {
        program, "-h", backup->cluster->run, "-p", "5432", "-U", "dsql_owner", "-d", "postgres"};
    struct arguments arguments = {0};
    snprintf(program, sizeof program, "%s/%s", bindir, name);
    for (size_t i = 0; i < sizeof argv / sizeof *argv; i++) {
        arguments_add(&arguments, argv[i]);
    }
    for (; *options != NULL; options++) {
        arguments_add(&arguments, *options);
    }
    database_forget_environment();
    setenv("PGOPTIONS", SERVER_OPTIONS, 1);
    program_become(arguments.values, output_fd, STDERR_FILENO);
}

static dsql_status find_programs(const struct backup *backup, PGconn *conn,
                                 char bindir[POSTGRES_BINDIR_SIZE], dsql_error *err)
{
    int wanted = PQserverVersion(conn) / 10000;
    int version = 0;
    dsql_status status = postgres_find(backup->pg_bindir, wanted, bindir, &version, err);
    if (status == DSQL_OK && version < wanted) {
        status = fail(
            err, DSQL_ERR_SYSTEM,
            "the cluster runs PostgreSQL %d, but the programs in \"%s\" are of version %d. Name "
            "the directory of others with --pg-bindir",
            wanted, bindir, version);
    }
    return status;
}

static dsql_status wait_for(pid_t pid, const char *name, dsql_error *err)
{
    int status = -1;
    if (pid > 0 && waitpid(pid, &status, 0) == pid && status == 0) {
        return DSQL_OK;
    }
    bool is_missing = WIFEXITED(status) && WEXITSTATUS(status) == 127;
    return fail(err, DSQL_ERR_SYSTEM,
                is_missing ? "could not run %s. Is it installed?"
                           : "%s failed: see its message above",
                name);
}

/* ---- Dumping ---- */

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

static dsql_status run_pg_dump(const struct backup *backup, const char *bindir, FILE *out,
                               dsql_error *err)
{
    static const char *const options[] = {"--exclude-schema=sys", "--no-table-access-method",
                                          "--no-tablespaces", "--no-password", NULL};
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not create a pipe");
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        become(backup, bindir, "pg_dump", options, ends[1]);
    }
    close(ends[1]);
    FILE *in = fdopen(ends[0], "r");
    if (in != NULL) {
        copy_dump(in, out);
        fclose(in);
    }
    return wait_for(pid, "pg_dump", err);
}

static dsql_status write_all(const struct backup *backup, PGconn *conn, const char *bindir,
                             FILE *out, dsql_error *err)
{
    fputs(FIRST_LINE, out);
    report_step(backup, "dumping roles");
    dsql_status status = write_statements(conn, roles_sql, out, err);
    if (status == DSQL_OK) {
        status = write_statements(conn, members_sql, out, err);
    }
    if (status == DSQL_OK) {
        report_step(backup, "dumping schemas and data");
        status = run_pg_dump(backup, bindir, out, err);
    }
    if (status == DSQL_OK) {
        status = write_statements(conn, mappings_sql, out, err);
    }
    fputs(LAST_LINE, out);
    if (status == DSQL_OK && (fflush(out) != 0 || ferror(out) || fsync(fileno(out)) != 0)) {
        status = fail_errno(err, DSQL_ERR_SYSTEM, "could not write \"%s\"", backup->file);
    }
    return status;
}

static dsql_status write_file(const struct backup *backup, PGconn *conn, const char *bindir,
                              dsql_error *err)
{
    char aside[PATH_MAX];
    int len = snprintf(aside, sizeof aside, "%s.new", backup->file);
    if (len < 0 || (size_t)len >= sizeof aside) {
        return fail(err, DSQL_ERR_USAGE, "the path is too long: \"%s\"", backup->file);
    }
    int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (out == NULL) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not write \"%s\"", aside);
    }
    dsql_status status = write_all(backup, conn, bindir, out, err);
    fclose(out);
    if (status == DSQL_OK && rename(aside, backup->file) != 0) {
        status = fail_errno(err, DSQL_ERR_SYSTEM, "could not write \"%s\"", backup->file);
    }
    if (status != DSQL_OK) {
        unlink(aside);
    }
    return status;
}

dsql_status backup_dump(const struct backup *backup, dsql_error *err)
{
    char bindir[POSTGRES_BINDIR_SIZE];
    PGconn *conn = database_connect(backup->cluster, "dsql_owner", err);
    if (conn == NULL) {
        return DSQL_ERR_CONNECT;
    }
    dsql_status status = find_programs(backup, conn, bindir, err);
    if (status == DSQL_OK) {
        status = write_file(backup, conn, bindir, err);
    }
    PQfinish(conn);
    return status;
}

/* ---- Restoring ---- */

static bool has_line_at(FILE *file, long offset, int whence, const char *wanted)
{
    char line[64] = "";
    return fseek(file, offset, whence) == 0 && fgets(line, sizeof line, file) != NULL &&
           strcmp(line, wanted) == 0;
}

/* A truncated file could be restored without an error, and the rest would be missing. */
static dsql_status check_file(const char *path, dsql_error *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not read \"%s\"", path);
    }
    dsql_status status = DSQL_OK;
    if (!has_line_at(file, 0, SEEK_SET, FIRST_LINE)) {
        status = fail(err, DSQL_ERR_USAGE, "\"%s\" was not written by 'dsql local dump'", path);
    } else if (!has_line_at(file, -(long)strlen(LAST_LINE), SEEK_END, LAST_LINE)) {
        status = fail(err, DSQL_ERR_USAGE, "\"%s\" is incomplete: its last line is missing", path);
    }
    fclose(file);
    return status;
}

static dsql_status run_psql(const struct backup *backup, const char *bindir, dsql_error *err)
{
    const char *const options[] = {
        "-X", "-q",         "-v", "ON_ERROR_STOP=1", "-w", "--single-transaction", "--no-psqlrc",
        "-f", backup->file, NULL};
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        become(backup, bindir, "psql", options, -1);
    }
    dsql_status status = wait_for(pid, "psql", err);
    return status == DSQL_OK
               ? DSQL_OK
               : fail(err, DSQL_ERR_QUERY,
                      "could not restore \"%s\": see the message above. Nothing was changed",
                      backup->file);
}

dsql_status backup_restore(const struct backup *backup, dsql_error *err)
{
    char bindir[POSTGRES_BINDIR_SIZE];
    dsql_status status = check_file(backup->file, err);
    if (status != DSQL_OK) {
        return status;
    }
    PGconn *conn = database_connect(backup->cluster, "dsql_owner", err);
    if (conn == NULL) {
        return DSQL_ERR_CONNECT;
    }
    status = find_programs(backup, conn, bindir, err);
    PQfinish(conn);
    if (status == DSQL_OK) {
        report_step(backup, "restoring");
        status = run_psql(backup, bindir, err);
    }
    return status;
}
