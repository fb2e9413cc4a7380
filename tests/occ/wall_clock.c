/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a server: its wall clock is off by the number of seconds in the file that
 * WALL_CLOCK names, which may be negative.  The monotonic clock is left alone.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static long offset_s(void)
{
    char text[32] = "";
    const char *name = getenv("WALL_CLOCK");
    FILE *file = name == NULL ? NULL : fopen(name, "r");
    if (file == NULL) {
        return 0;
    }
    if (fgets(text, sizeof text, file) == NULL) {
        text[0] = '\0';
    }
    fclose(file);
    return strtol(text, NULL, 10);
}

/* The system call and not libc's function, which is this one. */
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
