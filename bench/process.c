/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program costs as a process, in rounds (see rounds.h): "ms" is answered with the
 * milliseconds from its start to its end, "cpu_ms" with its processor time, and "rss_kib" with the
 * most memory that it had.  The mean of as many runs as the number says.  Its output is dropped.
 *
 * usage: bench_process PROGRAM [ARGUMENT ...]
 */
#include "rounds.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* A small program, because the kernel counts the memory of the parent too, until exec(). */
static double run(char **argv, struct rusage *usage)
{
    pid_t child = -1;
    int status = 0;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    double start = rounds_now_ns();
    int failure = posix_spawnp(&child, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failure != 0 || wait4(child, &status, 0, usage) != child || status != 0) {
        fprintf(stderr, "bench_process: %s failed\n", argv[0]);
        exit(1);
    }
    return rounds_now_ns() - start;
}

static double measure_ms(void *arg, int count)
{
    struct rusage usage;
    double took_ns = 0;
    for (int i = 0; i < count; i++) {
        took_ns += run(arg, &usage);
    }
    return took_ns / 1e6 / count;
}

static double ms_of(struct timeval time)
{
    return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3;
}

static double measure_cpu_ms(void *arg, int count)
{
    double took_ms = 0;
    for (int i = 0; i < count; i++) {
        struct rusage usage;
        run(arg, &usage);
        took_ms += ms_of(usage.ru_utime) + ms_of(usage.ru_stime);
    }
    return took_ms / count;
}

static double measure_rss_kib(void *arg, int count)
{
    double kib = 0;
    for (int i = 0; i < count; i++) {
        struct rusage usage;
        run(arg, &usage);
        kib += (double)usage.ru_maxrss;
    }
    return kib / count;
}

int main(int argc, char **argv)
{
    static const struct round_kind kinds[] = {
        {"ms", measure_ms},
        {"cpu_ms", measure_cpu_ms},
        {"rss_kib", measure_rss_kib},
        {NULL, NULL},
    };
    if (argc < 2) {
        fprintf(stderr, "usage: bench_process PROGRAM [ARGUMENT ...]\n");
        return 2;
    }
    return rounds_answer(kinds, argv + 1);
}
