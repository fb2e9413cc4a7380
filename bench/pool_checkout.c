/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What it costs to borrow a connection from a pool and give it back, beside the floor (a
 * stack under a mutex, which is what the simplest pool would be; and the same with one look
 * at the socket, without which a dead connection would be lent) and beside what it saves
 * (opening one).  Medians of several turns, in which everything is measured by turns so
 * that the machine's moods meet all alike.  Over a Unix socket and without TLS: with them
 * opening is dearer still.
 * usage: bench_pool_checkout      (inside extension/test/with_server)
 */
#include "base/error.h"
#include "pool/pool.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { TURNS = 9, ROUNDS = 20000, OPENINGS = 30, QUERIES = 500, THREADS = 8, PLACES = 10 };

static PGconn *open_plain(void *arg, int64_t deadline_ms, dsql_error *err)
{
    (void)arg;
    (void)deadline_ms;
    PGconn *conn = PQconnectdb(""); /* PGHOST and its relatives */
    if (PQstatus(conn) != CONNECTION_OK) {
        fail(err, DSQL_ERR_CONNECT, "%s", PQerrorMessage(conn));
        PQfinish(conn);
        return NULL;
    }
    return conn;
}

static dsql_pool *open_pool(int places)
{
    const struct pool_parts parts = {
        .pool = {.max = places,
                 .max_lifetime_s = 3300,
                 .max_idle_s = 600,
                 .acquire_timeout_ms = -1,
                 .validate_idle_s = 30},
        .connector = {.open = open_plain},
        .clock = clock_system(),
        .random = random_system(),
    };
    dsql_error err = {0};
    dsql_pool *pool = pool_open_with(&parts, &err);
    if (pool == NULL) {
        fprintf(stderr, "bench_pool_checkout: %s\n", err.message);
        exit(1);
    }
    return pool;
}

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* ---- What is measured: nanoseconds for one ---- */

struct stack {
    pthread_mutex_t lock;
    void *items[PLACES];
    int count;
};

static void *pop(struct stack *stack)
{
    pthread_mutex_lock(&stack->lock);
    void *item = stack->count > 0 ? stack->items[--stack->count] : NULL;
    pthread_mutex_unlock(&stack->lock);
    return item;
}

static void push(struct stack *stack, void *item)
{
    pthread_mutex_lock(&stack->lock);
    stack->items[stack->count++] = item;
    pthread_mutex_unlock(&stack->lock);
}

static double floor_ns(void)
{
    static struct stack stack = {.lock = PTHREAD_MUTEX_INITIALIZER};
    push(&stack, &stack);
    double start = now_ns();
    for (int i = 0; i < ROUNDS; i++) {
        push(&stack, pop(&stack));
    }
    double took = now_ns() - start;
    pop(&stack);
    return took / ROUNDS;
}

static double safe_floor_ns(dsql_pool *pool)
{
    static struct stack stack = {.lock = PTHREAD_MUTEX_INITIALIZER};
    PGconn *conn = dsql_pool_acquire(pool, NULL);
    push(&stack, conn);
    char first = '\0';
    double start = now_ns();
    for (int i = 0; i < ROUNDS; i++) {
        PGconn *taken = pop(&stack);
        if (recv(PQsocket(taken), &first, 1, MSG_PEEK | MSG_DONTWAIT) >= 0) {
            abort(); /* the server has hung up, or speaks unasked */
        }
        push(&stack, taken);
    }
    double took = now_ns() - start;
    dsql_pool_release(pool, pop(&stack));
    return took / ROUNDS;
}

static double checkout_ns(dsql_pool *pool)
{
    double start = now_ns();
    for (int i = 0; i < ROUNDS; i++) {
        dsql_pool_release(pool, dsql_pool_acquire(pool, NULL));
    }
    return (now_ns() - start) / ROUNDS;
}

static double query_ns(dsql_pool *pool)
{
    PGconn *conn = dsql_pool_acquire(pool, NULL);
    double start = now_ns();
    for (int i = 0; i < QUERIES; i++) {
        PQclear(PQexec(conn, "SELECT 1"));
    }
    double took = now_ns() - start;
    dsql_pool_release(pool, conn);
    return took / QUERIES;
}

static double opening_ns(void)
{
    double start = now_ns();
    for (int i = 0; i < OPENINGS; i++) {
        PQfinish(open_plain(NULL, -1, NULL));
    }
    return (now_ns() - start) / OPENINGS;
}

static void *check_out_and_in(void *pool)
{
    checkout_ns(pool);
    return NULL;
}

/* Eight at once: the time of the whole, for one checkout. */
static double crowd_ns(dsql_pool *pool)
{
    pthread_t threads[THREADS];
    double start = now_ns();
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, check_out_and_in, pool) != 0) {
            abort();
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    return (now_ns() - start) / ROUNDS / THREADS;
}

/* ---- Medians ---- */

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static double median(double *numbers)
{
    qsort(numbers, TURNS, sizeof numbers[0], compare);
    return numbers[TURNS / 2];
}

int main(void)
{
    double bare[TURNS];
    double safe[TURNS];
    double small[TURNS];
    double large[TURNS];
    double crowd[TURNS];
    double query[TURNS];
    double opening[TURNS];
    dsql_pool *pool = open_pool(PLACES);
    dsql_pool *large_pool = open_pool(10000);
    for (int i = 0; i < TURNS; i++) {
        bare[i] = floor_ns();
        safe[i] = safe_floor_ns(pool);
        small[i] = checkout_ns(pool);
        large[i] = checkout_ns(large_pool);
        crowd[i] = crowd_ns(pool);
        query[i] = query_ns(pool);
        opening[i] = opening_ns();
    }
    double checkout = median(small);
    printf("checkout and return                %8.0f ns\n", checkout);
    printf("  of a pool with 10000 places      %8.2f x\n", median(large) / checkout);
    printf("  each, with 8 threads at it       %8.2f x\n", median(crowd) / checkout);
    printf("  beside a stack under a mutex     %8.1f x\n", checkout / median(bare));
    printf("  the same, looking at the socket  %8.2f x (target: below 2)\n",
           checkout / median(safe));
    printf("  beside one round trip (SELECT 1) %8.3f x (target: below 0.1)\n",
           checkout / median(query));
    printf("  beside opening a connection      %8.5f x (target: below 0.01)\n",
           checkout / median(opening));
    dsql_pool_close(pool, -1);
    dsql_pool_close(large_pool, -1);
    return 0;
}
