/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps a log from filling the disk.  One earlier part of it stays beside it, as PATH.1, so both
 * together have at most twice LOG_FILE_MAX_SIZE and what was written between two checks.
 *
 * The writer need not know: it has opened the log for appending, and the content is copied and
 * then cut off.  Renaming would leave it writing to the old file.
 */
#ifndef DSQL_LOCAL_LOG_FILE_H
#define DSQL_LOCAL_LOG_FILE_H

#include <limits.h>
#include <stdbool.h>

enum {
    LOG_FILE_MAX_SIZE = 16 << 20, /* bytes */
    LOG_FILE_CHECK_MS = 2000
};

/** The name of the earlier part; false if it would be too long. */
bool log_file_earlier(const char *path, char earlier[PATH_MAX]);

/** Call it every LOG_FILE_CHECK_MS.  A log that does not exist is fine. */
void log_file_rotate(const char *path);

#endif
