/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A description of the contents and pg_dump's archive, in one container (backup_file.h).  Both are
 * read in one snapshot: this connection exports it, and pg_dump imports it.
 */
#include "base/error.h"
#include "local/backup.h"
#include "local/backup_file.h"
#include "local/backup_programs.h"
#include "local/contents.h"
#include "local/database.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { COPY_SIZE = 64 << 10, SNAPSHOT_SIZE = 128, JOB_SIZE = 64 };

/* What is needed to write a file. */
struct dump {
    const struct backup *backup;
    char bindir[POSTGRES_BINDIR_SIZE];
    PGconn *conn; /* in the transaction that exports the snapshot */
    char snapshot[SNAPSHOT_SIZE];
    struct buf contents;
};

/* An asynchronous job that has not ended: its id, "" if there is none. */
static dsql_status find_job(const struct dump *dump, char *job, size_t size, dsql_error *err)
{
    PGresult *result = PQexec(dump->conn, "SELECT sys.uuid_to_base32_str(id) FROM sys.job_list "
                                          "WHERE status IN ('submitted', 'processing') LIMIT 1");
    dsql_status status =
        database_is_success(result) ? DSQL_OK : database_query_failed(dump->conn, result, err);
    if (status == DSQL_OK) {
        snprintf(job, size, "%s", PQntuples(result) == 0 ? "" : PQgetvalue(result, 0, 0));
    }
    PQclear(result);
    return status;
}

static dsql_status wait_for_jobs(const struct dump *dump, dsql_error *err)
{
    char job[JOB_SIZE];
    char call[JOB_SIZE + 40];
    dsql_status status = find_job(dump, job, sizeof job, err);
    if (status == DSQL_OK && *job != '\0') {
        backup_report(dump->backup, "waiting for asynchronous jobs");
    }
    while (status == DSQL_OK && *job != '\0') {
        snprintf(call, sizeof call, "CALL sys.wait_for_job('%s')", job);
        status = database_run(dump->conn, call, err);
        if (status == DSQL_OK) {
            status = find_job(dump, job, sizeof job, err);
        }
    }
    return status;
}

/*
 * pg_dump leaves out an index that is not valid, so one that is still being built would be lost.
 * What jobs are seen is what the snapshot of the dump sees: another one may just have begun.
 */
static dsql_status begin(const struct dump *dump, dsql_error *err)
{
    char job[JOB_SIZE] = "";
    dsql_status status;
    do {
        status = wait_for_jobs(dump, err);
        if (status == DSQL_OK) {
            status = database_run(dump->conn, "BEGIN READ ONLY", err);
        }
        if (status == DSQL_OK) {
            status = find_job(dump, job, sizeof job, err);
        }
        if (status == DSQL_OK && *job != '\0') {
            status = database_run(dump->conn, "ROLLBACK", err);
        }
    } while (status == DSQL_OK && *job != '\0');
    return status;
}

/* The description of the contents; the transaction stays open for pg_dump. */
static dsql_status describe(struct dump *dump, dsql_error *err)
{
    backup_report(dump->backup, "dumping roles");
    dsql_status status = contents_check_large_objects(dump->conn, err);
    if (status == DSQL_OK) {
        status = begin(dump, err);
    }
    return status == DSQL_OK ? contents_describe(dump->conn, &dump->contents, err) : status;
}

static dsql_status export_snapshot(struct dump *dump, dsql_error *err)
{
    PGresult *result = PQexec(dump->conn, "SELECT pg_export_snapshot()");
    dsql_status status =
        database_is_success(result) ? DSQL_OK : database_query_failed(dump->conn, result, err);
    if (status == DSQL_OK) {
        snprintf(dump->snapshot, sizeof dump->snapshot, "--snapshot=%s", PQgetvalue(result, 0, 0));
    }
    PQclear(result);
    return status;
}

static void copy_archive(FILE *in, struct backup_writer *writer)
{
    char bytes[COPY_SIZE];
    for (size_t got = fread(bytes, 1, sizeof bytes, in); got > 0;
         got = fread(bytes, 1, sizeof bytes, in)) {
        backup_writer_add(writer, BACKUP_ARCHIVE, text_of_bytes(bytes, got));
    }
}

/* The pipe is read to its end even if writing fails, so pg_dump never blocks on it. */
static dsql_status run_pg_dump(const struct dump *dump, struct backup_writer *writer,
                               dsql_error *err)
{
    /*
     * Schema sys is not data: the other cluster has its own, perhaps of another version.  Access
     * methods are left out because each table of a cluster has the same one.
     */
    const char *const options[] = {"-Fc",
                                   dump->snapshot,
                                   "--exclude-schema=sys",
                                   "--no-table-access-method",
                                   "--no-tablespaces",
                                   "--no-password",
                                   NULL};
    const struct backup_program program = {.bindir = dump->bindir,
                                           .name = "pg_dump",
                                           .cluster = dump->backup->cluster,
                                           .user = "dsql_owner",
                                           .options = options};
    pid_t pid = -1;
    FILE *in = NULL;
    backup_report(dump->backup, "dumping schemas and data");
    dsql_status status = backup_start(&program, &pid, &in, err);
    if (status != DSQL_OK) {
        return status;
    }
    copy_archive(in, writer);
    fclose(in);
    return backup_wait(pid, &program, err);
}

/* fsync() before a rename, so that a crash cannot leave an empty file under the new name. */
static dsql_status write_all(const struct dump *dump, FILE *out, bool is_file, dsql_error *err)
{
    struct backup_writer writer;
    if (!backup_writer_begin(&writer, out)) {
        return fail_nomem(err);
    }
    backup_writer_add(&writer, BACKUP_CONTENTS, buf_text(&dump->contents));
    dsql_status status = run_pg_dump(dump, &writer, err);
    backup_writer_end(&writer, status == DSQL_OK);
    if (status == DSQL_OK &&
        (fflush(out) != 0 || ferror(out) || (is_file && fsync(fileno(out)) != 0))) {
        status =
            is_file ? fail_errno(err, DSQL_ERR_SYSTEM, "could not write \"%s\"", dump->backup->file)
                    : fail_errno(err, DSQL_ERR_SYSTEM, "could not write to standard output");
    }
    return status;
}

/*
 * The file holds all data of the cluster, so its mode is 0600.  In a directory like /tmp another
 * user may have put a link, a pipe or a file of their own there.  So what is there is removed, as
 * is the file of an interrupted dump, and O_EXCL ensures that the file is a new one.
 */
static dsql_status write_file(const struct dump *dump, dsql_error *err)
{
    const char *path = dump->backup->file;
    char new_path[PATH_MAX];
    int len = snprintf(new_path, sizeof new_path, "%s.new", path);
    if (len < 0 || (size_t)len >= sizeof new_path) {
        return fail(err, DSQL_ERR_USAGE, "the path is too long: \"%s\"", path);
    }
    unlink(new_path);
    int fd = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (out == NULL) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not write \"%s\"", new_path);
    }
    dsql_status status = write_all(dump, out, true, err);
    fclose(out);
    if (status == DSQL_OK && rename(new_path, path) != 0) {
        status = fail_errno(err, DSQL_ERR_SYSTEM, "could not write \"%s\"", path);
    }
    if (status != DSQL_OK) {
        unlink(new_path);
    }
    return status;
}

static dsql_status dump_connected(struct dump *dump, dsql_error *err)
{
    dsql_status status = backup_find_programs(dump->backup, dump->conn, dump->bindir, err);
    if (status == DSQL_OK) {
        status = contents_session(dump->conn, err);
    }
    if (status == DSQL_OK) {
        status = describe(dump, err);
    }
    if (status == DSQL_OK) {
        status = export_snapshot(dump, err);
    }
    if (status != DSQL_OK) {
        return status;
    }
    return strcmp(dump->backup->file, "-") == 0 ? write_all(dump, stdout, false, err)
                                                : write_file(dump, err);
}

dsql_status backup_dump(const struct backup *backup, dsql_error *err)
{
    struct dump dump = {.backup = backup};
    if (strcmp(backup->file, "-") == 0 && isatty(STDOUT_FILENO)) {
        return fail(err, DSQL_ERR_USAGE,
                    "a dump is not text for a terminal. Redirect standard output to a file");
    }
    dump.conn = database_connect(backup->cluster, "dsql_owner", err);
    if (dump.conn == NULL) {
        return DSQL_ERR_CONNECT;
    }
    buf_init(&dump.contents, CONTENTS_MAX);
    dsql_status status = dump_connected(&dump, err);
    buf_clear(&dump.contents);
    PQfinish(dump.conn);
    return status;
}
