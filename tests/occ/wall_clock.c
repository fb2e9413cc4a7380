/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a program: its wall clock is off by the number of seconds in the file that
 * WALL_CLOCK names, which may be negative.  The monotonic clock is left alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* Copied at the start, because a program may wipe its environment. */
static char file_name[256];

__attribute__((constructor)) static void remember_file(void)
{
    const char *name = getenv("WALL_CLOCK");
    snprintf(file_name, sizeof file_name, "%s", name == NULL ? "" : name);
}

/* Signal handlers read the clock too, so this neither allocates nor changes errno. */
static long offset_s(void)
{
    int saved = errno;
    char text[32] = "";
    int file = open(file_name, O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? 0 : read(file, text, sizeof text - 1);
    if (file >= 0) {
        close(file);
    }
    errno = saved;
    return size <= 0 ? 0 : strtol(text, NULL, 10);
}

/* The system calls and not libc's functions, which are these. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): libc's are reserved */
__attribute__((visibility("default"))) int gettimeofday(struct timeval *restrict now,
                                                        void *restrict zone)
{
    long status = syscall(SYS_gettimeofday, now, zone);
    if (status == 0) {
        now->tv_sec += offset_s();
    }
    return (int)status;
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): libc's are reserved */
__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *now)
{
    long status = syscall(SYS_clock_gettime, clock, now);
    if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        now->tv_sec += offset_s();
    }
    return (int)status;
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): libc's are reserved */
__attribute__((visibility("default"))) time_t time(time_t *now)
{
    struct timespec seconds;
    if (clock_gettime(CLOCK_REALTIME, &seconds) != 0) {
        return -1;
    }
    if (now != NULL) {
        *now = seconds.tv_sec;
    }
    return seconds.tv_sec;
}
