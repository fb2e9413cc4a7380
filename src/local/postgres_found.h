/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A note of which server a search has found, so that the next start of a cluster need not search:
 * pg_config and the server itself, run for their answers, take an eighth of the time of a start.
 * Nothing is lost without the note.
 */
#ifndef DSQL_LOCAL_POSTGRES_FOUND_H
#define DSQL_LOCAL_POSTGRES_FOUND_H

#include "local/postgres_install.h"

#include <stdbool.h>

/**
 * The directory in the note at path, if it is still true: the server has the major version, PATH
 * leads to the same pg_config, and no program has been replaced since.  Runs none.
 */
bool postgres_found_read(const char *path, int major, char bindir[POSTGRES_BINDIR_SIZE]);

/** Best effort: without a note the next start searches again. */
void postgres_found_write(const char *path, int major, const char *bindir);

#endif
