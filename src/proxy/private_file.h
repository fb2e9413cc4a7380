/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Small files with secrets: nobody else may read one, and of several processes one creates it. */
#ifndef DSQL_PROXY_PRIVATE_FILE_H
#define DSQL_PROXY_PRIVATE_FILE_H

#include "base/buf.h"

#include <dsql.h>

/**
 * Appends the content to a secret buffer.  The file must be a regular one of this user that nobody
 * else may read, or one of root's that the group may read as well, as PostgreSQL demands of a
 * private key.  what names it in errors, as in "password file".
 */
dsql_status private_file_read(const char *what, const char *path, struct buf *content,
                              dsql_error *err);

/** Creates the file, mode 0600, with its directories, 0700.  One that exists is left alone. */
dsql_status private_file_create(const char *path, struct text content, dsql_error *err);

#endif
