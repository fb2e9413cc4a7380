/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The cost of acquiring and releasing a connection, in rounds that bench/run requests, so that they
 * alternate with those of peers.  A line "NAME THREADS" is answered with the nanoseconds of one
 * acquire and release: the time of all threads together, divided by the number of acquires.  A line
 * "NAME_cpu ACQUIRES" is answered with the processor time of one thread instead.
 *
 *     pool    dsql_pool_acquire() and dsql_pool_release()
 *     looked  the same, with a look at the socket each time ("looked_cpu" alone)
 *     stack   a stack under a mutex, the simplest pool there can be
 *     peeked  the same, with a look at the socket each time ("peeked_cpu" alone)
 *
 * "fairness THREADS" is answered with the longest wait divided by the median, of threads that take
 * one of 4 connections for one query each time.
 *
 * usage: bench_pool_rounds      (inside extension/test/with_server)
 */
#include "plain_pool.h"
#include "rounds.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { PLACES = 10, FEW_PLACES = 4, MOST_THREADS = 64, TOTAL = 200000, QUERIES = 200 };

/* ---- Pools ---- */

static PGconn *acquire(dsql_pool *pool)
{
    PGconn *conn = dsql_pool_acquire(pool, NULL);
    if (conn == NULL) {
        fprintf(stderr, "bench_pool_rounds: could not acquire a connection\n");
        exit(1);
    }
    return conn;
}

static void cycle_pool(void *pool, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        dsql_pool_release(pool, acquire(pool));
    }
}

/* ---- The floor ---- */

struct stack {
    pthread_mutex_t lock;
    PGconn *items[PLACES];
    int count;
};

static struct stack stack = {.lock = PTHREAD_MUTEX_INITIALIZER};

static PGconn *pop(void)
{
    pthread_mutex_lock(&stack.lock);
    PGconn *item = stack.count > 0 ? stack.items[--stack.count] : NULL;
    pthread_mutex_unlock(&stack.lock);
    return item;
}

static void push(PGconn *item)
{
    pthread_mutex_lock(&stack.lock);
    stack.items[stack.count++] = item;
    pthread_mutex_unlock(&stack.lock);
}

static void cycle_stack(void *is_peeked, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        PGconn *conn = pop();
        while (conn == NULL) {
            conn = pop();
        }
        char first = '\0';
        if (is_peeked != NULL && recv(PQsocket(conn), &first, 1, MSG_PEEK | MSG_DONTWAIT) >= 0) {
            abort(); /* the server has closed the connection or sent something */
        }
        push(conn);
    }
}

/* ---- Rounds ---- */

struct round {
    void (*cycle)(void *arg, int rounds);
    void *arg;
    int rounds;
    pthread_barrier_t *start;
};

static void *run(void *arg)
{
    const struct round *round = arg;
    pthread_barrier_wait(round->start);
    round->cycle(round->arg, round->rounds);
    return NULL;
}

static double round_ns(struct round round, int threads)
{
    if (threads < 1 || threads > MOST_THREADS) {
        fprintf(stderr, "bench_pool_rounds: from 1 to %d threads\n", MOST_THREADS);
        exit(2);
    }
    pthread_t all[MOST_THREADS];
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, (unsigned)threads + 1);
    round.start = &start;
    round.rounds = TOTAL / threads;
    for (int i = 0; i < threads; i++) {
        if (pthread_create(&all[i], NULL, run, &round) != 0) {
            abort();
        }
    }
    double began = rounds_now_ns(); /* this thread may be the last one to wake up */
    pthread_barrier_wait(&start);
    for (int i = 0; i < threads; i++) {
        pthread_join(all[i], NULL);
    }
    pthread_barrier_destroy(&start);
    return (rounds_now_ns() - began) / round.rounds / threads;
}

/* ---- Fairness ---- */

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return left < right ? -1 : left > right;
}

struct waits {
    dsql_pool *pool;
    double ns[QUERIES];
};

static void *wait_and_query(void *arg)
{
    struct waits *waits = arg;
    for (int i = 0; i < QUERIES; i++) {
        double began = rounds_now_ns();
        PGconn *conn = acquire(waits->pool);
        waits->ns[i] = rounds_now_ns() - began;
        PQclear(PQexec(conn, "SELECT 1"));
        dsql_pool_release(waits->pool, conn);
    }
    return NULL;
}

/* The first waits are not counted: the connections are opened then. */
static double longest_to_median(dsql_pool *pool, int threads)
{
    enum { SKIPPED = QUERIES / 10, COUNTED = QUERIES - SKIPPED };
    static struct waits waits[MOST_THREADS];
    static double all[MOST_THREADS * COUNTED];
    pthread_t ids[MOST_THREADS];
    for (int i = 0; i < threads; i++) {
        waits[i].pool = pool;
        if (pthread_create(&ids[i], NULL, wait_and_query, &waits[i]) != 0) {
            abort();
        }
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        memcpy(&all[i * COUNTED], &waits[i].ns[SKIPPED], COUNTED * sizeof all[0]);
    }
    size_t count = (size_t)threads * COUNTED;
    qsort(all, count, sizeof all[0], compare);
    return all[count - 1] / all[count / 2];
}

/* ---- Requests ---- */

struct pools {
    dsql_pool *trusting, *looking, *few;
};

static double measure_pool(void *arg, int threads)
{
    const struct pools *pools = arg;
    return round_ns((struct round){.cycle = cycle_pool, .arg = pools->trusting}, threads);
}

static double measure_stack(void *arg, int threads)
{
    (void)arg;
    return round_ns((struct round){.cycle = cycle_stack}, threads);
}

static double cpu_of(void (*cycle)(void *arg, int rounds), void *arg, int acquires)
{
    double start = rounds_cpu_ns();
    cycle(arg, acquires);
    return (rounds_cpu_ns() - start) / acquires;
}

static double measure_pool_cpu(void *arg, int acquires)
{
    const struct pools *pools = arg;
    return cpu_of(cycle_pool, pools->trusting, acquires);
}

static double measure_looked_cpu(void *arg, int acquires)
{
    const struct pools *pools = arg;
    return cpu_of(cycle_pool, pools->looking, acquires);
}

static double measure_stack_cpu(void *arg, int acquires)
{
    (void)arg;
    return cpu_of(cycle_stack, NULL, acquires);
}

static double measure_peeked_cpu(void *arg, int acquires)
{
    (void)arg;
    return cpu_of(cycle_stack, &stack, acquires);
}

static double measure_fairness(void *arg, int threads)
{
    const struct pools *pools = arg;
    return longest_to_median(pools->few, threads);
}

int main(void)
{
    static const struct round_kind kinds[] = {
        {"pool", measure_pool},
        {"pool_cpu", measure_pool_cpu},
        {"looked_cpu", measure_looked_cpu},
        {"stack", measure_stack},
        {"stack_cpu", measure_stack_cpu},
        {"peeked_cpu", measure_peeked_cpu},
        {"fairness", measure_fairness},
        {NULL, NULL},
    };
    struct pools pools = {.trusting = plain_pool_open(PLACES, POOL_TRUST_MS),
                          .looking = plain_pool_open(PLACES, 0),
                          .few = plain_pool_open(FEW_PLACES, POOL_TRUST_MS)};
    while (stack.count < PLACES) {
        push(plain_connect());
    }
    int status = rounds_answer(kinds, &pools);
    while (stack.count > 0) {
        PQfinish(pop());
    }
    dsql_pool_close(pools.trusting, -1);
    dsql_pool_close(pools.looking, -1);
    dsql_pool_close(pools.few, -1);
    return status;
}
