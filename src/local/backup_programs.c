/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * pg_dump and psql do the work, because only they know how to write and read every object of
 * PostgreSQL.  This file finds them, gives them the cluster's socket, and waits.  They run as the
 * cluster's owner role, so no token is needed and the dialect does not bind them.
 */
#include "local/backup_programs.h"

#include "base/error.h"
#include "local/database.h"
#include "local/program.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Dump and restore use statements that Aurora DSQL does not support. */
#define SERVER_OPTIONS "-c dsql_local.strict=off"

/* progress may be NULL: a caller need not show it. */
void backup_report(const struct backup *backup, const char *line)
{
    if (backup->progress != NULL) {
        backup->progress(line);
    }
}

/*
 * Between fork() and exec(), in a process with one thread, so setenv() and snprintf() are
 * allowed.  The options come from this folder and hold no secret: other users can read a
 * process's arguments.
 */
_Noreturn void backup_become(const struct backup *backup, const char *bindir, const char *name,
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

dsql_status backup_find_programs(const struct backup *backup, PGconn *conn,
                                 char bindir[POSTGRES_BINDIR_SIZE], dsql_error *err)
{
    /* pg_dump fails for a server that is newer than itself, and works for an older one. */
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

/*
 * The program has printed its own message to standard error already, so this one only points to
 * it.
 */
dsql_status backup_wait(pid_t pid, const char *name, dsql_error *err)
{
    int status = -1;
    if (pid > 0 && waitpid(pid, &status, 0) == pid && status == 0) {
        return DSQL_OK;
    }
    /* 127 is the exit status of a child whose exec() failed, as in a shell. */
    bool is_missing = WIFEXITED(status) && WEXITSTATUS(status) == 127;
    return fail(err, DSQL_ERR_SYSTEM,
                is_missing ? "could not run %s. Is it installed?"
                           : "%s failed: see its message above",
                name);
}
