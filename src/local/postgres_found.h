/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A note of which server a search has found, so that the next start of a cluster need not search:
 * pg_config and the server itself, run for their answers, take a fifth of the time of a start.
 * Nothing is lost without the note.
 */
#ifndef DSQL_LOCAL_POSTGRES_FOUND_H
#define DSQL_LOCAL_POSTGRES_FOUND_H

#include "base/text.h"
#include "local/postgres_install.h"

#include <limits.h>
#include <stdbool.h>

struct postgres_found {
    int major;
    char bindir[POSTGRES_BINDIR_SIZE];
    char pg_config[PATH_MAX]; /* the first one in PATH, without links; "": there was none */
};

/** The content of a note: three lines.  False if it is damaged. */
bool postgres_found_parse(struct text content, struct postgres_found *out);

/** The program that execvp() would run; "" if there is none. */
void postgres_found_in_path(const char *path, const char *program, char out[PATH_MAX]);

/**
 * The directory in the note at path, if it is still true: the server has the major version, PATH
 * begins with the same pg_config, and neither has been replaced since.  Runs no program.
 */
bool postgres_found_read(const char *path, int major, char bindir[POSTGRES_BINDIR_SIZE]);

/** Best effort: without a note the next start searches again. */
void postgres_found_write(const char *path, int major, const char *bindir);

#endif
