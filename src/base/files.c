/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The real file system.  Files are small and are read whole, with a maximum that the caller sets.
 * Replacing is atomic, since other programs read the same caches.
 */
#include "base/files.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/platform.h"
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK_SIZE = 4096, DIRECTORY_MODE = 0700, FILE_MODE = 0600 };

/* close() that leaves errno alone. */
static void close_quietly(int file)
{
    int saved = errno;
    close(file);
    errno = saved;
}

/* The chunk is wiped, because files of credentials are read here. */
static bool read_all(int file, struct buf *content)
{
    char chunk[CHUNK_SIZE];
    ssize_t got;
    do {
        got = read(file, chunk, sizeof chunk);
        if (got > 0) {
            buf_add(content, chunk, (size_t)got);
        }
    } while ((got > 0 && buf_ok(content)) || (got < 0 && errno == EINTR));
    secret_wipe(chunk, sizeof chunk);
    if (!buf_ok(content)) {
        errno = EFBIG;
    }
    return got == 0 && buf_ok(content);
}

/*
 * Nobody may ever write to a FIFO, and a terminal waits for a person: those are refused.  A
 * device that has nothing to read, such as /dev/null, is an empty file.
 */
static bool is_readable_at_once(int file)
{
    struct stat status;
    if (fstat(file, &status) != 0) {
        return false;
    }
    if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || isatty(file)) {
        errno = ESPIPE;
        return false;
    }
    return true;
}

bool file_read_open(int file, struct buf *content)
{
    return is_readable_at_once(file) && read_all(file, content);
}

/* O_NONBLOCK: opening a FIFO would wait for somebody who writes. */
static bool read_real(void *arg, const char *path, struct buf *content)
{
    (void)arg;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) {
        return false;
    }
    bool is_read = file_read_open(file, content);
    close_quietly(file);
    return is_read;
}

dsql_status fail_read(dsql_error *err, dsql_status status, const char *what, const char *path)
{
    const char *blank = what[0] == '\0' ? "" : " ";
    if (errno == ESPIPE) {
        return fail(err, status,
                    "could not read %s%s%s: it is a FIFO, a socket or a terminal; name a file",
                    what, blank, path);
    }
    return fail_errno(err, status, "could not read %s%s%s", what, blank, path);
}

/* A write may be short or interrupted; both continue with the rest. */
static bool write_all(int file, struct text content)
{
    while (!text_is_empty(content)) {
        ssize_t put = write(file, content.data, content.len);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        content = text_slice(content, put < 0 ? 0 : (size_t)put, content.len);
    }
    return true;
}

/* Creates every directory above the file.  Those that exist keep their modes. */
static bool make_directories(const char *path)
{
    AUTO_FREE char *above = mem_strdup(path);
    if (above == NULL) {
        errno = ENOMEM;
        return false;
    }
    for (size_t i = 1; above[i] != '\0'; i++) {
        if (above[i] != '/') {
            continue;
        }
        above[i] = '\0';
        if (mkdir(above, DIRECTORY_MODE) != 0 && errno != EEXIST) {
            return false;
        }
        above[i] = '/';
    }
    return true;
}

/* Flushed before it is renamed: after a power cut the old content is there, or the new. */
static bool fill(int file, struct text content)
{
    bool is_filled = fchmod(file, FILE_MODE) == 0 && write_all(file, content) && fsync(file) == 0;
    close_quietly(file);
    return is_filled;
}

/* unlink() that leaves errno alone. */
static void unlink_quietly(const char *path)
{
    int saved = errno;
    unlink(path);
    errno = saved;
}

/* What gives a complete file its name: rename() or link(). */
typedef int name_fn(const char *from, const char *to);

/*
 * The temporary file is in the same directory, because neither function goes beyond one file
 * system.  After link() it has two names, and after a failure it has one that nobody needs.
 */
static bool create_as(const char *path, struct text content, name_fn *name)
{
    struct buf temporary AUTO_BUF;
    buf_init(&temporary, CHUNK_SIZE);
    buf_printf(&temporary, "%s.XXXXXX", path);
    if (!buf_ok(&temporary)) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (!make_directories(path)) {
        return false;
    }
    int file = platform_temporary_file(temporary.data);
    if (file < 0) {
        return false;
    }
    bool is_named = fill(file, content) && name(temporary.data, path) == 0;
    if (!is_named || name != rename) {
        unlink_quietly(temporary.data);
    }
    return is_named;
}

static bool replace_real(void *arg, const char *path, struct text content)
{
    (void)arg;
    return create_as(path, content, rename);
}

bool file_create_private(const char *path, struct text content)
{
    return create_as(path, content, link);
}

const struct file_system *file_system_real(void)
{
    static const struct file_system real = {.read = read_real, .replace = replace_real};
    return &real;
}

bool file_system_read(const struct file_system *files, const char *path, struct buf *content)
{
    return files->read(files->arg, path, content);
}

bool file_system_replace(const struct file_system *files, const char *path, struct text content)
{
    return files->replace(files->arg, path, content);
}
