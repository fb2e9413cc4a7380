/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into `dsql local start`: kills the process at the n-th change that it makes to the file
 * system, before the change.  n is in DSQL_TEST_KILL_AT; the daemon clears its environment, so
 * PostgreSQL's programs run without this.  The daemon goes on counting where the command was when
 * it forked.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static long steps_left = -1;

__attribute__((constructor)) static void read_step(void)
{
    const char *value = getenv("DSQL_TEST_KILL_AT");
    steps_left = value == NULL ? -1 : strtol(value, NULL, 10);
}

static void count(void)
{
    if (steps_left > 0 && --steps_left == 0) {
        kill(getpid(), SIGKILL);
    }
}

typedef int path_mode_fn(const char *, mode_t);
typedef int two_paths_fn(const char *, const char *);
typedef int path_fn(const char *);
typedef int fd_mode_fn(int, mode_t);
typedef pid_t nothing_fn(void);
typedef int open_fn(const char *, int, ...);

/* ISO C has no conversion from the result of dlsym() to a function. */
/* NOLINTBEGIN(bugprone-macro-parentheses): type is one */
#define NEXT(type, name)                                                                           \
    union {                                                                                        \
        void *found;                                                                               \
        type *function;                                                                            \
    } next = {.found = dlsym(RTLD_NEXT, name)}
/* NOLINTEND(bugprone-macro-parentheses) */

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the C library's are reserved */

int mkdir(const char *path, mode_t mode)
{
    NEXT(path_mode_fn, "mkdir");
    count();
    return next.function(path, mode);
}

int rename(const char *from, const char *to)
{
    NEXT(two_paths_fn, "rename");
    count();
    return next.function(from, to);
}

int unlink(const char *path)
{
    NEXT(path_fn, "unlink");
    count();
    return next.function(path);
}

int fchmod(int fd, mode_t mode)
{
    NEXT(fd_mode_fn, "fchmod");
    count();
    return next.function(fd, mode);
}

pid_t fork(void)
{
    NEXT(nothing_fn, "fork");
    count();
    return next.function();
}

static int open_with(const char *name, const char *path, int flags, mode_t mode)
{
    NEXT(open_fn, name);
    if ((flags & O_CREAT) != 0) {
        count();
    }
    return next.function(path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    return open_with("open", path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    return open_with("open64", path, flags, mode);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
