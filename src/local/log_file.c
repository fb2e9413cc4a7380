/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "local/log_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

bool log_file_earlier(const char *path, char earlier[PATH_MAX])
{
    int len = snprintf(earlier, PATH_MAX, "%s.1", path);
    return len > 0 && len < PATH_MAX;
}

static bool is_too_large(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > LOG_FILE_MAX_SIZE;
}

/*
 * The last LOG_FILE_MAX_SIZE bytes: there may be many more if nobody has checked for long.  And no
 * more than that, because a log that is written faster than it is copied has no end.
 */
static void keep_end(int from, const char *earlier)
{
    unlink(earlier);
    int to = open(earlier, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (to < 0) {
        return;
    }
    char chunk[64 * 1024];
    size_t left = lseek(from, -(off_t)LOG_FILE_MAX_SIZE, SEEK_END) < 0 ? 0 : LOG_FILE_MAX_SIZE;
    while (left > 0) {
        ssize_t got = read(from, chunk, left < sizeof chunk ? left : sizeof chunk);
        if (got <= 0 || write(to, chunk, (size_t)got) != got) {
            break;
        }
        left -= (size_t)got;
    }
    close(to);
}

/*
 * A line that is written between the copy and the cut is lost.  The log is cut even if there was
 * no room for the copy: a full disk would stop PostgreSQL.
 */
void log_file_rotate(const char *path)
{
    char earlier[PATH_MAX];
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return;
    }
    if (is_too_large(fd) && log_file_earlier(path, earlier)) {
        keep_end(fd, earlier);
        if (ftruncate(fd, 0) != 0) {
            unlink(earlier);
        }
    }
    close(fd);
}
