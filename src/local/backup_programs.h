/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Running pg_dump and pg_restore on a local cluster: what dump.c and restore.c share.
 */
#ifndef DSQL_LOCAL_BACKUP_PROGRAMS_H
#define DSQL_LOCAL_BACKUP_PROGRAMS_H

#include "local/backup.h"
#include "local/postgres_install.h"

#include <libpq-fe.h>

#include <stdio.h>
#include <sys/types.h>

/** A program of PostgreSQL and how it connects. */
struct backup_program {
    const char *bindir;
    const char *name;
    const struct cluster *cluster;
    const char *user;           /* NULL: the program does not connect */
    const char *const *options; /* they end with NULL */
};

/** Prints a line about the step that begins. */
void backup_report(const struct backup *backup, const char *line);

/** The directory of the programs: pg_dump refuses a server that is newer than itself. */
dsql_status backup_find_programs(const struct backup *backup, PGconn *conn,
                                 char bindir[POSTGRES_BINDIR_SIZE], dsql_error *err);

/**
 * Starts the program.  *output reads what it prints; read it to the end, close it, and call
 * backup_wait().  The program's errors go to standard error.
 */
dsql_status backup_start(const struct backup_program *program, pid_t *pid, FILE **output,
                         dsql_error *err);

/** Fails unless the program has succeeded. */
dsql_status backup_wait(pid_t pid, const struct backup_program *program, dsql_error *err);

/** Runs a program that prints nothing. */
dsql_status backup_run(const struct backup_program *program, dsql_error *err);

#endif
