/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * psql runs the file as the cluster's owner, who is exempt from the dialect and from its limits
 * (3,000 rows a transaction), in one transaction that stops at the first error.
 */
#include "base/error.h"
#include "local/backup.h"
#include "local/backup_programs.h"
#include "local/database.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* True if the line at that offset is exactly this one; false too if the file is shorter. */
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
    if (!has_line_at(file, 0, SEEK_SET, BACKUP_FIRST_LINE)) {
        status = fail(err, DSQL_ERR_USAGE, "\"%s\" was not written by 'dsql local dump'", path);
    } else if (!has_line_at(file, -(long)strlen(BACKUP_LAST_LINE), SEEK_END, BACKUP_LAST_LINE)) {
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
    /* Otherwise the child would inherit unwritten output, and write it again. */
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        backup_become(backup, bindir, "psql", options, -1);
    }
    dsql_status status = backup_wait(pid, "psql", err);
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
    status = backup_find_programs(backup, conn, bindir, err);
    PQfinish(conn);
    if (status == DSQL_OK) {
        backup_report(backup, "restoring");
        status = run_psql(backup, bindir, err);
    }
    return status;
}
