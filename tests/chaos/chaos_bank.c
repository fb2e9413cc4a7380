/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A bank under fire: threads that work for a while through a relay which cuts connections at
 * random bytes, while a script kills the servers.  Then compares all outcomes with the ledger.
 * Writes "working" once the tables are there, and ends after SECONDS.
 * usage: chaos_bank SECONDS THREADS SEED CUT_BYTES
 *        (in the environment of a local cluster; CUT_BYTES 0: no cuts)
 */
#include "bank.h"
#include "byte_relay.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WORKS_MAX = 400000, THREADS_MAX = 64 };

static struct bank_work *works;
static atomic_long work_count;
static dsql_pool *pool;
static long ends_at_s;
static unsigned seed;

static long now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)now.tv_sec;
}

static void *work_until_end(void *arg)
{
    unsigned state = seed + (unsigned)*(int *)arg;
    while (now_s() < ends_at_s) {
        long number = atomic_fetch_add(&work_count, 1);
        if (number >= WORKS_MAX) {
            break;
        }
        struct bank_work *work = &works[number];
        work->number = number;
        work->form = (enum bank_form)(rand_r(&state) % BANK_FORMS);
        work->source = 1 + rand_r(&state) % BANK_ACCOUNTS;
        work->target = 1 + rand_r(&state) % BANK_ACCOUNTS;
        bank_do(pool, work);
    }
    return NULL;
}

static void work_with(int threads)
{
    pthread_t thread[THREADS_MAX];
    int number[THREADS_MAX];
    for (int i = 0; i < threads; i++) {
        number[i] = i;
        if (pthread_create(&thread[i], NULL, work_until_end, &number[i]) != 0) {
            perror("pthread_create");
            exit(EXIT_FAILURE);
        }
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
    }
}

static dsql_pool *open_pool(const char *server_port, int threads)
{
    char port[16];
    dsql_error err = {0};
    snprintf(port, sizeof port, "%d", byte_relay_start((int)strtol(server_port, NULL, 10)));
    dsql_pool *opened = dsql_pool_open(
        DSQL_OPTIONS(.host = getenv("CLUSTER_ENDPOINT"), .user = getenv("CLUSTER_USER"),
                     .port = port, .pool_max = threads, .retry_base_ms = 1, .retry_max_ms = 50,
                     .transaction_timeout_ms = 5000),
        &err);
    if (opened == NULL) {
        fprintf(stderr, "%s\n", err.message);
        exit(EXIT_FAILURE);
    }
    return opened;
}

/* Work that was taken after the end has no outcome. */
static long done_count(void)
{
    long count = atomic_load(&work_count);
    return count < WORKS_MAX ? count : WORKS_MAX;
}

int main(int argc, char **argv)
{
    const char *server_port = getenv("PGPORT");
    int threads = argc == 5 ? (int)strtol(argv[2], NULL, 10) : 0;
    works = calloc(WORKS_MAX, sizeof *works);
    if (threads < 1 || threads > THREADS_MAX || server_port == NULL || works == NULL) {
        fprintf(stderr, "usage: chaos_bank SECONDS THREADS SEED CUT_BYTES\n");
        return EXIT_FAILURE;
    }
    seed = (unsigned)strtoul(argv[3], NULL, 10);
    pool = open_pool(server_port, threads);
    bank_setup(pool);
    puts("working");
    fflush(stdout);
    byte_relay_cut_at_random(seed, strtol(argv[4], NULL, 10));
    ends_at_s = now_s() + strtol(argv[1], NULL, 10);
    work_with(threads);
    byte_relay_cut_at_random(seed, 0);
    bool is_right = bank_verify(pool, works, done_count());
    printf("seed %u: %ld connections were cut\n", seed, byte_relay_cuts());
    bank_print_outcomes(works, done_count());
    is_right = dsql_pool_close(pool, 5000) == DSQL_OK && is_right;
    free(works);
    return is_right ? EXIT_SUCCESS : EXIT_FAILURE;
}
