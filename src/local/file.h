/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Files and folders, whole: a file is replaced at once or not at all. */
#ifndef DSQL_LOCAL_FILE_H
#define DSQL_LOCAL_FILE_H

#include "base/buf.h"

#include <dsql.h>

#include <stdbool.h>
#include <sys/types.h>

enum { FILE_MAX_SIZE = 1 << 20 };

bool file_exists(const char *path);

/** Writes beside it, then renames: a reader sees the old content or the new. */
dsql_status file_replace(const char *path, mode_t mode, struct text content, dsql_error *err);

/** Appends the content to out, at most what out can hold. */
dsql_status file_read(const char *path, struct buf *out, dsql_error *err);

/** Copies a file to a descriptor. */
dsql_status file_copy_to(const char *path, int fd, dsql_error *err);

/** The folder and all above it that are missing (0755); an existing one is left alone. */
dsql_status folder_make_all(const char *path, dsql_error *err);

/** One folder with exactly that mode; one that exists gets the mode. */
dsql_status folder_make(const char *path, mode_t mode, dsql_error *err);

/** Removes what is in it and, unless keep_top, the folder too.  Follows no link. */
dsql_status folder_remove(const char *path, bool keep_top, dsql_error *err);

bool folder_is_empty(const char *path);

#endif
