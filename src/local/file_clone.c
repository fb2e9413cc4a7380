/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Three ways, each for where the one before does not work: both files share their blocks (Btrfs,
 * XFS), the kernel copies, or this process does.
 */
#include "local/file_clone.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <unistd.h>

#ifndef FICLONE /* linux/fs.h, which musl's compiler wrapper does not find */
#define FICLONE _IOW(0x94, 9, int)
#endif

enum { CHUNK_SIZE = 64 << 10 };

/* Whether a failure means that the kernel or the file system does not have this way. */
static bool is_not_supported(int os_errno)
{
    return os_errno == EOPNOTSUPP || os_errno == EXDEV || os_errno == EINVAL ||
           os_errno == ENOSYS || os_errno == ENOTTY || os_errno == EPERM;
}

static bool write_all(int to, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t written = write(to, data, len);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        if (written > 0) {
            data += written;
            len -= (size_t)written;
        }
    }
    return true;
}

static bool copy_by_hand(int from, int to)
{
    char chunk[CHUNK_SIZE];
    for (;;) {
        ssize_t got = read(from, chunk, sizeof chunk);
        if (got == 0) {
            return true;
        }
        if ((got < 0 && errno != EINTR) || (got > 0 && !write_all(to, chunk, (size_t)got))) {
            return false;
        }
    }
}

/* What has been copied stays: both files are read and written from where the kernel has stopped. */
bool file_clone(int from, int to)
{
    static const size_t at_most = (size_t)1 << 30;
    if (ioctl(to, FICLONE, from) == 0) {
        return true;
    }
    if (!is_not_supported(errno)) {
        return false;
    }
    ssize_t copied = copy_file_range(from, NULL, to, NULL, at_most, 0);
    while (copied > 0 || (copied < 0 && errno == EINTR)) {
        copied = copy_file_range(from, NULL, to, NULL, at_most, 0);
    }
    if (copied < 0 && !is_not_supported(errno)) {
        return false;
    }
    return copy_by_hand(from, to);
}
