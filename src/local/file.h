/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Files and directories.  A file is replaced as a whole: a crash leaves its old content or
 * its new content, never a part.  Knows nothing of what the files are for.
 */
#ifndef DSQL_LOCAL_FILE_H
#define DSQL_LOCAL_FILE_H

#include "base/buf.h"

#include <dsql.h>

#include <stdbool.h>
#include <sys/types.h>

enum { FILE_MAX_SIZE = 1 << 20 };

bool file_exists(const char *path);

/** Writes a file beside it and renames that. */
dsql_status file_replace(const char *path, mode_t mode, struct text content, dsql_error *err);

/** Appends the content to out; fails when out cannot hold it. */
dsql_status file_read(const char *path, struct buf *out, dsql_error *err);

/**
 * Appends a line that is another one once the file has been replaced or changed, whatever its
 * content is: path, device, inode, size, and both times.  False if there is no such file.
 */
bool file_add_identity(struct buf *out, const char *path);

/** Copies a file to a descriptor. */
dsql_status file_copy_to(const char *path, int fd, dsql_error *err);

/** Creates the directory and its missing parents (0755); existing ones stay as they are. */
dsql_status directory_create_all(const char *path, dsql_error *err);

/** Creates one directory with exactly this mode; an existing one gets the mode. */
dsql_status directory_create(const char *path, mode_t mode, dsql_error *err);

/**
 * For a directory whose subdirectories will have many files: asks ext4 to put each of them far from
 * what was deleted before.  Without a journal, ext4 does not use the inodes of files again that
 * were deleted within the last minutes, and looks for each new one past them.  Elsewhere it does
 * nothing.
 */
void directory_place_apart(const char *path);

/** Removes the directory with its content.  Follows no symbolic link. */
dsql_status directory_remove(const char *path, dsql_error *err);

/** Removes the content, but not the entry with the path kept.  Not thread-safe. */
dsql_status directory_remove_except(const char *path, const char *kept, dsql_error *err);

bool directory_is_empty(const char *path);

#endif
