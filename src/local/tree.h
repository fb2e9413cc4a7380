/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory with all that is in it: a description that changes when anything in it does, and a
 * copy.  Only files and directories of the own user count: a tree with a symbolic link, a device
 * or a file of somebody else is refused.
 */
#ifndef DSQL_LOCAL_TREE_H
#define DSQL_LOCAL_TREE_H

#include "base/buf.h"

#include <stdbool.h>

enum {
    TREE_DESCRIPTION_MAX = 8 << 20,
    TREE_MAX_DEPTH = 8,
    TREE_MAX_FILE_BYTES = 64 << 20 /* a data directory's largest file is a segment of the log */
};

/**
 * Appends a line for each entry: path, mode, inode, size and the time of the last change, which
 * no program can set back.  The order is the directory's own, which stays while nothing changes.
 * False with errno set.
 */
bool tree_describe(int directory, struct buf *out);

/**
 * Copies the content of one directory into another one, which is empty, and describes the
 * original.  Shares the blocks of the files where the file system can.  False with errno set.
 */
bool tree_copy(int from, int to, struct buf *description);

#endif
