/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "cost.h"

#include "client.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The first line of a file of /proc/PID. */
static void read_process(int pid, const char *name, char *line, int size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    FILE *file = fopen(path, "r");
    if (file == NULL || fgets(line, size, file) == NULL) {
        die("cannot read %s", path);
    }
    fclose(file);
}

static bool is_asleep(int pid)
{
    char line[256];
    read_process(pid, "stat", line, sizeof line);
    const char *state = strrchr(line, ')');
    return state != NULL && state[1] == ' ' && state[2] == 'S';
}

/* The kernel's account of a process is complete when the process sleeps. */
static int64_t backend_cpu_ns(int pid)
{
    char line[256];
    while (!is_asleep(pid)) {
        sched_yield();
    }
    read_process(pid, "schedstat", line, sizeof line);
    return (int64_t)strtoll(line, NULL, 10);
}

struct cost cost_of(PGconn *conn, const char *sql)
{
    int pid = PQbackendPID(conn);
    int64_t cpu_ns = backend_cpu_ns(pid);
    int64_t start_ns = now_ns();
    client_run(conn, sql);
    int64_t end_ns = now_ns();
    return (struct cost){.wall_ns = end_ns - start_ns, .cpu_ns = backend_cpu_ns(pid) - cpu_ns};
}

static int by_wall(const void *a, const void *b)
{
    const struct cost *left = a;
    const struct cost *right = b;
    return (left->wall_ns > right->wall_ns) - (left->wall_ns < right->wall_ns);
}

static int by_cpu(const void *a, const void *b)
{
    const struct cost *left = a;
    const struct cost *right = b;
    return (left->cpu_ns > right->cpu_ns) - (left->cpu_ns < right->cpu_ns);
}

struct cost cost_median(struct cost *costs, size_t n)
{
    struct cost median;
    qsort(costs, n, sizeof costs[0], by_wall);
    median.wall_ns = costs[n / 2].wall_ns;
    qsort(costs, n, sizeof costs[0], by_cpu);
    median.cpu_ns = costs[n / 2].cpu_ns;
    return median;
}
