/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything is opened relative to its directory's descriptor and without following a link, so
 * what is described is what is copied, even if a directory above is renamed meanwhile.
 */
#include "local/tree.h"

#include "local/file_clone.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_PATH_SIZE = 256 };

/* A directory on the way down.  to is -1 if nothing is copied. */
struct folder {
    int from;
    int to;
    int depth;
    char path[FOLDER_PATH_SIZE]; /* from the top, and a slash; "" there */
    struct buf *description;
};

/* NOLINTBEGIN(misc-no-recursion): at most TREE_MAX_DEPTH deep */
static bool walk(const struct folder *folder);

static bool refuse(int os_errno)
{
    errno = os_errno;
    return false;
}

static bool is_acceptable(const struct stat *info)
{
    bool is_file = S_ISREG(info->st_mode) && info->st_size <= TREE_MAX_FILE_BYTES;
    return info->st_uid == geteuid() && (is_file || S_ISDIR(info->st_mode));
}

static void describe(const struct folder *folder, const char *name, const struct stat *info)
{
    buf_printf(folder->description, "%s%s %o %llu %lld %lld.%09ld\n", folder->path, name,
               (unsigned)info->st_mode, (unsigned long long)info->st_ino, (long long)info->st_size,
               (long long)info->st_ctim.tv_sec, info->st_ctim.tv_nsec);
}

static bool enter(const struct folder *folder, const char *name, int from, mode_t mode)
{
    struct folder inner = {
        .from = from, .to = -1, .depth = folder->depth + 1, .description = folder->description};
    int len = snprintf(inner.path, sizeof inner.path, "%s%s/", folder->path, name);
    if (len < 0 || (size_t)len >= sizeof inner.path || inner.depth > TREE_MAX_DEPTH) {
        return refuse(ENAMETOOLONG);
    }
    if (folder->to < 0) {
        return walk(&inner);
    }
    if (mkdirat(folder->to, name, mode & 0700) != 0) {
        return false;
    }
    inner.to = openat(folder->to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool ok = inner.to >= 0 && walk(&inner);
    if (inner.to >= 0) {
        close(inner.to);
    }
    return ok;
}

static bool copy_file(const struct folder *folder, const char *name, int from,
                      const struct stat *info)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    if (folder->to < 0) {
        return true;
    }
    int to = openat(folder->to, name, flags, info->st_mode & 0700);
    if (to < 0) {
        return false;
    }
    bool ok = info->st_size == 0 || file_clone(from, to);
    return close(to) == 0 && ok;
}

/* O_NONBLOCK: a FIFO is refused after it has been opened, and opening one would wait. */
static bool visit(const struct folder *folder, const char *name)
{
    struct stat info;
    int from = openat(folder->from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (from < 0) {
        return false;
    }
    bool ok = fstat(from, &info) == 0 && (is_acceptable(&info) || refuse(EPERM));
    if (ok) {
        describe(folder, name, &info);
        ok = S_ISDIR(info.st_mode) ? enter(folder, name, from, info.st_mode)
                                   : copy_file(folder, name, from, &info);
    }
    int os_errno = errno;
    close(from);
    errno = os_errno;
    return ok;
}

/* A description that has become too long ends the walk: the tree is not what it should be. */
static bool visit_all(const struct folder *folder, DIR *entries)
{
    bool ok = true;
    errno = 0;
    struct dirent *entry = readdir(entries);
    while (ok && entry != NULL) {
        bool is_inside = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
        ok = !is_inside || visit(folder, entry->d_name);
        ok = ok && (buf_ok(folder->description) || refuse(EFBIG));
        if (ok) {
            errno = 0;
            entry = readdir(entries);
        }
    }
    return ok && errno == 0;
}

/* Another descriptor for the stream, which closes it; the offset of both is at the beginning. */
static bool walk(const struct folder *folder)
{
    int own = openat(folder->from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = own < 0 ? NULL : fdopendir(own);
    if (entries == NULL) {
        return false;
    }
    bool ok = visit_all(folder, entries);
    int os_errno = errno;
    closedir(entries);
    errno = os_errno;
    return ok;
}

/* NOLINTEND(misc-no-recursion) */

bool tree_describe(int directory, struct buf *out)
{
    const struct folder top = {.from = directory, .to = -1, .description = out};
    return walk(&top);
}

bool tree_copy(int from, int to, struct buf *description)
{
    const struct folder top = {.from = from, .to = to, .description = description};
    return walk(&top);
}
