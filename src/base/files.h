/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Small files, whole: configuration, tokens, caches.  They are used through a table of functions,
 * so that a test can give a directory of its own for the root of the file system.
 */
#ifndef DSQL_BASE_FILES_H
#define DSQL_BASE_FILES_H

#include "base/buf.h"

#include <dsql.h>

#include <stdbool.h>

struct file_system {
    /* Both: false with errno set (EFBIG: more than the buffer's maximum). */

    /** Appends the whole content.  Never waits: ESPIPE for a FIFO, a socket or a terminal. */
    bool (*read)(void *arg, const char *path, struct buf *content);
    /**
     * Puts content in the place of the file, which is afterwards the old one or the new
     * one and nothing between: mode 0600, directories that are missing 0700.
     */
    bool (*replace)(void *arg, const char *path, struct text content);
    void *arg;
};

/** The real file system; static, never NULL. */
const struct file_system *file_system_real(void);

bool file_system_read(const struct file_system *files, const char *path, struct buf *content)
    __attribute__((warn_unused_result));

/** After a failed read, from errno: "could not read WHAT PATH: why".  what may be "". */
dsql_status fail_read(dsql_error *err, dsql_status status, const char *what, const char *path);

bool file_system_replace(const struct file_system *files, const char *path, struct text content)
    __attribute__((warn_unused_result));

/*
 * Two that are about the real file system only.  Both: false with errno set.
 */

/** As file_system_read(), from a descriptor, whose owner and mode the caller has checked. */
bool file_read_open(int file, struct buf *content) __attribute__((warn_unused_result));

/**
 * As replace(), but a file that exists is left alone (EEXIST): of several processes, one creates
 * it, and it is never seen incomplete.
 */
bool file_create_private(const char *path, struct text content) __attribute__((warn_unused_result));

#endif
