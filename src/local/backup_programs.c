/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * pg_dump and pg_restore do the work, because only they know how to write and read every object
 * of PostgreSQL.  They connect over the cluster's own socket, so no token is needed.
 */
#include "local/backup_programs.h"

#include "base/error.h"
#include "local/database.h"
#include "local/program.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* progress may be NULL: a caller need not show it. */
void backup_report(const struct backup *backup, const char *line)
{
    if (backup->progress != NULL) {
        backup->progress(line);
    }
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
 * Between fork() and exec(), in a process with one thread, so setenv() and snprintf() are
 * allowed.  The options hold no secret: other users can read a process's arguments.
 */
static _Noreturn void become(const struct backup_program *program, int output_fd)
{
    char path[PATH_MAX];
    const char *const connection[] = {
        "-h", program->cluster->run, "-p", program->cluster->server_port,
        "-U", program->user,         "-d", "postgres"};
    struct arguments arguments = {0};
    snprintf(path, sizeof path, "%s/%s", program->bindir, program->name);
    arguments_add(&arguments, path);
    for (size_t i = 0; program->user != NULL && i < sizeof connection / sizeof *connection; i++) {
        arguments_add(&arguments, connection[i]);
    }
    for (const char *const *option = program->options; *option != NULL; option++) {
        arguments_add(&arguments, *option);
    }
    database_forget_environment();
    /* The owner is exempt from the dialect; only a superuser may say so. */
    if (program->user != NULL && strcmp(program->user, "dsql_owner") == 0) {
        setenv("PGOPTIONS", "-c dsql_local.strict=off", 1);
    }
    /* If this command is killed meanwhile, nothing of it goes on. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    program_become(arguments.values, output_fd, STDERR_FILENO);
}

dsql_status backup_start(const struct backup_program *program, pid_t *pid, FILE **output,
                         dsql_error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not create a pipe");
    }
    /* Otherwise the child would inherit unwritten output, and write it again. */
    fflush(NULL);
    *pid = fork();
    if (*pid == 0) {
        become(program, ends[1]);
    }
    close(ends[1]);
    *output = fdopen(ends[0], "r");
    if (*pid > 0 && *output != NULL) {
        return DSQL_OK;
    }
    dsql_status status = fail_errno(err, DSQL_ERR_SYSTEM, "could not run %s", program->name);
    close(ends[0]);
    return *pid > 0 ? backup_wait(*pid, program, err) : status;
}

/*
 * The program has printed its own message to standard error already, so this one only points to
 * it.  127 is the exit status of a child whose exec() failed, as in a shell.
 */
dsql_status backup_wait(pid_t pid, const struct backup_program *program, dsql_error *err)
{
    int status = -1;
    if (waitpid(pid, &status, 0) == pid && status == 0) {
        return DSQL_OK;
    }
    bool is_missing = WIFEXITED(status) && WEXITSTATUS(status) == 127;
    return fail(err, DSQL_ERR_SYSTEM,
                is_missing ? "could not run %s. Is it installed?"
                           : "%s failed: see its message above",
                program->name);
}

dsql_status backup_run(const struct backup_program *program, dsql_error *err)
{
    pid_t pid = -1;
    FILE *output = NULL;
    dsql_status status = backup_start(program, &pid, &output, err);
    if (status != DSQL_OK) {
        return status;
    }
    while (fgetc(output) != EOF) {
        /* What it prints is not wanted, and must not fill the pipe. */
    }
    fclose(output);
    return backup_wait(pid, program, err);
}
