/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The cost of acquiring and releasing a connection.  It is compared with two lower bounds: a stack
 * under a mutex, which is the simplest possible pool, and the same with one check of the socket,
 * without which a closed connection would be returned.  It is also compared with the cost of
 * opening a connection.  Each result is the median of several rounds, in which all measurements
 * alternate, so that other load on the machine affects all of them.  Connections use a Unix socket
 * without TLS; over a network, opening one costs more.
 *
 * usage: bench_pool_checkout      (inside extension/test/with_server)
 */
#include "plain_pool.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { REPETITIONS = 9, ROUNDS = 20000, OPENINGS = 30, QUERIES = 500, THREADS = 8, SLOTS = 10 };

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* ---- Measurements: nanoseconds for one operation ---- */

struct stack {
    pthread_mutex_t lock;
    void *items[SLOTS];
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

static double stack_ns(void)
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

static double checked_stack_ns(dsql_pool *pool)
{
    static struct stack stack = {.lock = PTHREAD_MUTEX_INITIALIZER};
    PGconn *conn = dsql_pool_acquire(pool, NULL);
    push(&stack, conn);
    char first = '\0';
    double start = now_ns();
    for (int i = 0; i < ROUNDS; i++) {
        PGconn *taken = pop(&stack);
        if (recv(PQsocket(taken), &first, 1, MSG_PEEK | MSG_DONTWAIT) >= 0) {
            abort(); /* the server has closed the connection or sent something */
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

/* As in an event loop. */
static double polled_ns(dsql_pool *pool)
{
    double start = now_ns();
    for (int i = 0; i < ROUNDS; i++) {
        PGconn *conn = NULL;
        dsql_acquire *acquire = dsql_pool_acquire_start(pool, NULL, NULL);
        if (dsql_acquire_poll(acquire, &conn, NULL) != PGRES_POLLING_OK) {
            abort(); /* the connection is idle */
        }
        dsql_acquire_free(acquire);
        dsql_pool_release(pool, conn);
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

/* The release resets the session. */
static double reset_ns(dsql_pool *pool)
{
    double took = 0;
    for (int i = 0; i < QUERIES; i++) {
        PGconn *conn = dsql_pool_acquire(pool, NULL);
        PQclear(PQexec(conn, "SET search_path = public"));
        double start = now_ns();
        dsql_pool_release(pool, conn);
        took += now_ns() - start;
    }
    return took / QUERIES;
}

static double opening_ns(void)
{
    double start = now_ns();
    for (int i = 0; i < OPENINGS; i++) {
        PQfinish(plain_connect());
    }
    return (now_ns() - start) / OPENINGS;
}

static void *check_out_and_in(void *pool)
{
    checkout_ns(pool);
    return NULL;
}

/* Eight threads at once: the total time divided by the number of checkouts. */
static double threads_ns(dsql_pool *pool)
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
    qsort(numbers, REPETITIONS, sizeof numbers[0], compare);
    return numbers[REPETITIONS / 2];
}

int main(void)
{
    double bare[REPETITIONS];
    double safe[REPETITIONS];
    double small[REPETITIONS];
    double large[REPETITIONS];
    double threaded[REPETITIONS];
    double polled[REPETITIONS];
    double query[REPETITIONS];
    double reset[REPETITIONS];
    double opening[REPETITIONS];
    dsql_pool *pool = plain_pool_open(SLOTS, POOL_TRUST_MS);
    dsql_pool *large_pool = plain_pool_open(10000, POOL_TRUST_MS);
    for (int i = 0; i < REPETITIONS; i++) {
        bare[i] = stack_ns();
        safe[i] = checked_stack_ns(pool);
        small[i] = checkout_ns(pool);
        large[i] = checkout_ns(large_pool);
        threaded[i] = threads_ns(pool);
        polled[i] = polled_ns(pool);
        query[i] = query_ns(pool);
        reset[i] = reset_ns(pool);
        opening[i] = opening_ns();
    }
    double checkout = median(small);
    printf("acquire and release                %8.0f ns\n", checkout);
    printf("  in a pool of 10000 connections   %8.2f x\n", median(large) / checkout);
    printf("  each, with 8 threads             %8.2f x\n", median(threaded) / checkout);
    printf("  with a dsql_acquire              %8.2f x\n", median(polled) / checkout);
    printf("  relative to a stack with a mutex %8.1f x\n", checkout / median(bare));
    printf("  the same with a socket check     %8.2f x (target: below 2)\n",
           checkout / median(safe));
    printf("  relative to SELECT 1             %8.3f x (target: below 0.1)\n",
           checkout / median(query));
    printf("  relative to opening a connection %8.5f x (target: below 0.01)\n",
           checkout / median(opening));
    printf("release after a SET, with a reset  %8.2f x SELECT 1\n", median(reset) / median(query));
    dsql_pool_close(pool, -1);
    dsql_pool_close(large_pool, -1);
    return 0;
}
