/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "rounds.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static double read_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

double rounds_now_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

double rounds_cpu_ns(void)
{
    return read_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static const struct round_kind *find(const struct round_kind *kinds, const char *name)
{
    const struct round_kind *kind = kinds;
    while (kind->name != NULL && strcmp(kind->name, name) != 0) {
        kind++;
    }
    return kind->name == NULL ? NULL : kind;
}

int rounds_answer(const struct round_kind *kinds, void *arg)
{
    char name[32];
    int number = 0;
    printf("ready\n");
    fflush(stdout);
    while (scanf("%31s %d", name, &number) == 2) {
        const struct round_kind *kind = find(kinds, name);
        if (kind == NULL) {
            fprintf(stderr, "no measurement has the name \"%s\"\n", name);
            return 2;
        }
        printf("%.3f\n", kind->measure(arg, number));
        fflush(stdout);
    }
    return 0;
}
