/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Returns from main() while its threads, and that of its pool, connect and run statements.
 * Usage: exit_at_work MILLISECONDS [close]      close: a destructor closes the pool
 */
#include <dsql.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { THREADS = 3 };

static dsql_pool *pool_to_close;

static void *connect_for_ever(void *arg)
{
    (void)arg;
    for (;;) {
        PQfinish(dsql_connect(DSQL_OPTIONS(.port = NULL), NULL));
    }
    return NULL;
}

static void *run_for_ever(void *pool)
{
    for (;;) {
        PQclear(dsql_exec(pool, "SELECT 1", 0, NULL, NULL));
    }
    return NULL;
}

/* Runs after the handlers of atexit(), as destructors of static objects in C++ do. */
__attribute__((destructor)) static void close_pool(void)
{
    dsql_pool_close(pool_to_close, -1);
}

static void start(void *(*work)(void *arg), void *arg)
{
    pthread_t thread;
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&thread, NULL, work, arg) != 0) {
            abort();
        }
    }
}

int main(int argc, char **argv)
{
    dsql_error err;
    dsql_pool *pool = dsql_pool_open(DSQL_OPTIONS(.pool_min_idle = 5), &err);
    if (pool == NULL || argc < 2) {
        fprintf(stderr, "exit_at_work: %s\n", pool == NULL ? err.message : "no time given");
        return 1;
    }
    if (argc > 2 && strcmp(argv[2], "close") == 0) {
        pool_to_close = pool;
    } else {
        start(run_for_ever, pool);
        start(connect_for_ever, NULL);
    }
    struct timespec time = {.tv_nsec = strtol(argv[1], NULL, 10) * 1000000};
    nanosleep(&time, NULL);
    return 0;
}
