/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The cost of acquiring and releasing a connection, in rounds that bench/run requests, so that they
 * alternate with those of peers.  A line "NAME THREADS" is answered with the nanoseconds of one
 * acquire and release: the time of all threads together, divided by the number of acquires.
 *
 *     pool    dsql_pool_acquire() and dsql_pool_release()
 *     looked  the same, with a look at the socket each time
 *     stack   a stack under a mutex, the simplest pool there can be
 *     peeked  the same, with a look at the socket each time
 *
 * "fairness THREADS" is answered with the longest wait divided by the median, of threads that take
 * one of 4 connections for one query each time.
 *
 * usage: bench_pool_rounds      (inside extension/test/with_server)
 */
#include "base/error.h"
#include "pool/pool.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { PLACES = 10, FEW_PLACES = 4, MOST_THREADS = 64, TOTAL = 200000, QUERIES = 200 };

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* ---- Pools ---- */

static PGconn *open_plain(void *arg, int64_t deadline_ms, dsql_error *err)
{
    (void)arg;
    (void)deadline_ms;
    PGconn *conn = PQconnectdb(""); /* PGHOST, PGPORT and so on */
    if (PQstatus(conn) != CONNECTION_OK) {
        fail(err, DSQL_ERR_CONNECT, "%s", PQerrorMessage(conn));
        PQfinish(conn);
        return NULL;
    }
    return conn;
}

static dsql_pool *open_pool(int places, int trust_ms)
{
    const struct pool_parts parts = {
        .pool = {.max = places,
                 .max_lifetime_s = 3300,
                 .max_idle_s = 600,
                 .acquire_timeout_ms = -1,
                 .validate_idle_s = 30,
                 .trust_ms = trust_ms,
                 .overtake_ms = POOL_OVERTAKE_MS},
        .connector = {.open = open_plain},
        .clock = clock_system(),
        .random = random_system(),
    };
    dsql_error err = {0};
    dsql_pool *pool = pool_open_with(&parts, &err);
    if (pool == NULL) {
        fprintf(stderr, "bench_pool_rounds: %s\n", err.message);
        exit(1);
    }
    return pool;
}

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
    double began = now_ns(); /* this thread may be the last one to wake up */
    pthread_barrier_wait(&start);
    for (int i = 0; i < threads; i++) {
        pthread_join(all[i], NULL);
    }
    pthread_barrier_destroy(&start);
    return (now_ns() - began) / round.rounds / threads;
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
        double began = now_ns();
        PGconn *conn = acquire(waits->pool);
        waits->ns[i] = now_ns() - began;
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

static double answer(const struct pools *pools, const char *name, int threads)
{
    if (strcmp(name, "pool") == 0) {
        return round_ns((struct round){.cycle = cycle_pool, .arg = pools->trusting}, threads);
    }
    if (strcmp(name, "looked") == 0) {
        return round_ns((struct round){.cycle = cycle_pool, .arg = pools->looking}, threads);
    }
    if (strcmp(name, "stack") == 0) {
        return round_ns((struct round){.cycle = cycle_stack}, threads);
    }
    if (strcmp(name, "peeked") == 0) {
        return round_ns((struct round){.cycle = cycle_stack, .arg = &stack}, threads);
    }
    if (strcmp(name, "fairness") == 0) {
        return longest_to_median(pools->few, threads);
    }
    fprintf(stderr, "bench_pool_rounds: unknown measurement \"%s\"\n", name);
    exit(2);
}

int main(void)
{
    const struct pools pools = {.trusting = open_pool(PLACES, POOL_TRUST_MS),
                                .looking = open_pool(PLACES, 0),
                                .few = open_pool(FEW_PLACES, POOL_TRUST_MS)};
    while (stack.count < PLACES) {
        push(open_plain(NULL, -1, NULL));
    }
    printf("ready\n");
    fflush(stdout);
    char name[16];
    int threads = 0;
    while (scanf("%15s %d", name, &threads) == 2 && threads >= 1 && threads <= MOST_THREADS) {
        printf("%.3f\n", answer(&pools, name, threads));
        fflush(stdout);
    }
    while (stack.count > 0) {
        PQfinish(pop());
    }
    dsql_pool_close(pools.trusting, -1);
    dsql_pool_close(pools.looking, -1);
    dsql_pool_close(pools.few, -1);
    return 0;
}
