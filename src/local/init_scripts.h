/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL files that set a new cluster up: users' schemas and rows.  Each is run by psql as admin,
 * through a gateway, so it is bound by the dialect as every client is.
 *
 * All of them or none: as long as the file "initializing" exists, the database has served nobody. A
 * start that finds it deletes the database and begins again.  So a script that fails, or a start
 * that is killed, does not leave a cluster that is initialized in part.
 */
#ifndef DSQL_LOCAL_INIT_SCRIPTS_H
#define DSQL_LOCAL_INIT_SCRIPTS_H

#include "base/text.h"
#include "local/cluster.h"

#include <dsql.h>

#include <stdbool.h>
#include <uv.h>

enum { INIT_SCRIPTS_MAX = 1000 };

/** The names of the scripts of a directory, sorted by byte. */
struct init_scripts {
    const char *dir; /* absolute; the caller's */
    char **names;
    int count;
};

/**
 * Finds the files of dir whose names end in ".sql"; reports the others as ignored.  Fails if the
 * directory cannot be read or has more than INIT_SCRIPTS_MAX.  The caller clears the list.
 */
dsql_status init_scripts_find(struct init_scripts *scripts, const char *dir, dsql_error *err);
void init_scripts_clear(struct init_scripts *scripts);

/**
 * Runs the scripts in order with the psql of bindir, or else of PATH, against a gateway of the loop
 * that listens on 127.0.0.1.  Runs the
 * loop meanwhile.  What psql prints goes to standard error.  The first script that fails ends it:
 * err has psql's message with file and line.
 */
dsql_status init_scripts_run(const struct init_scripts *scripts, const struct cluster *cluster,
                             const char *bindir, uv_loop_t *loop, int port, dsql_error *err);

/** Notes that a database is about to be created, and that it is complete. */
dsql_status init_scripts_begin(const struct cluster *cluster, dsql_error *err);
dsql_status init_scripts_end(const struct cluster *cluster, dsql_error *err);
/** True if a start has not come to the end of the scripts. */
bool init_scripts_are_unfinished(const struct cluster *cluster);

/** psql's line about the error in what it has written, else the first line; cut to size. */
void init_scripts_find_error(struct text output, char *out, size_t size);

#endif
