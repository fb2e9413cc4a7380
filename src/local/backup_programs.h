/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Running pg_dump and psql on a local cluster: what dump.c and restore.c share.
 */
#ifndef DSQL_LOCAL_BACKUP_PROGRAMS_H
#define DSQL_LOCAL_BACKUP_PROGRAMS_H

#include "local/backup.h"
#include "local/postgres_install.h"

#include <libpq-fe.h>

#include <sys/types.h>

/* The first and the last line of a file: they show a foreign file and a truncated one. */
#define BACKUP_FIRST_LINE "-- dsql local dump 1\n"
#define BACKUP_LAST_LINE  "-- dsql local dump: complete\n"

/** Prints a line about the step that begins. */
void backup_report(const struct backup *backup, const char *line);

/** The directory of the programs: pg_dump refuses a server that is newer than itself. */
dsql_status backup_find_programs(const struct backup *backup, PGconn *conn,
                                 char bindir[POSTGRES_BINDIR_SIZE], dsql_error *err);

/**
 * In a child process: becomes the program, connected to the cluster as its owner.  options end
 * with NULL; an output_fd of -1 is /dev/null.  The program's errors go to standard error.
 */
_Noreturn void backup_become(const struct backup *backup, const char *bindir, const char *name,
                             const char *const *options, int output_fd);

/** Waits for the child; fails unless the program has succeeded. */
dsql_status backup_wait(pid_t pid, const char *name, dsql_error *err);

#endif
