/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "connect/file_failure.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

/* Without the text of a later line, which is about another address. */
static bool find(struct text line, const char *words, size_t *end)
{
    size_t len = text_of(words).len;
    for (size_t i = 0; i + len <= line.len; i++) {
        if (text_starts_with(text_slice(line, i, line.len), words)) {
            *end = i + len;
            return true;
        }
    }
    return false;
}

/* A file whose name contains `": ` is found under a shorter name, which does not exist. */
struct text file_failure_name(struct text message)
{
    struct text line;
    while (text_next_line(&message, &line)) {
        size_t start = 0;
        size_t end = 0;
        if (text_contains(line, "could not ") && find(line, " file \"", &start)) {
            struct text rest = text_slice(line, start, line.len);
            return find(rest, "\": ", &end) ? text_slice(rest, 0, end - 3) : text_of("");
        }
    }
    return text_of("");
}

/* O_NONBLOCK, since the name may be that of a FIFO.  A directory can be opened and not read. */
static int reason_of(const char *path)
{
    char first;
    int saved = errno;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    int os_errno = fd < 0 || read(fd, &first, 1) < 0 ? errno : 0;
    if (fd >= 0) {
        close(fd);
    }
    errno = saved;
    return os_errno;
}

int file_failure_reason(struct text name)
{
    char path[PATH_MAX];
    return text_copy(name, path, sizeof path) ? reason_of(path) : ENAMETOOLONG;
}

int file_failure_no_descriptor(void)
{
    int os_errno = reason_of("/dev/null");
    return os_errno == EMFILE || os_errno == ENFILE ? os_errno : 0;
}
