/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Many queries at once on one thread, with epoll(7) and nonblocking libpq.  Each query acquires a
 * connection of the pool with a dsql_acquire, which never blocks the loop.  Linux only.
 * usage: event_loop [QUERIES] */
#include <dsql.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

enum { CONNECTIONS = 4, DEFAULT_QUERIES = 20, MAX_QUERIES = 1000, EVENTS = 64 };

/* A query waits for a connection and then for its result. */
struct query {
    int number;
    dsql_acquire *acquire; /* NULL: it has its connection, or is finished */
    PGconn *conn;
    int watched; /* the descriptor that the epoll knows, or -1 */
};

struct loop {
    dsql_pool *pool;
    int epoll;
    struct query queries[MAX_QUERIES];
    int count, unfinished, failed;
};

/* ---- Descriptors ---- */

/* libpq and the pool keep the descriptor, so the epoll must forget it. */
static void unwatch(const struct loop *loop, struct query *query)
{
    if (query->watched >= 0)
        epoll_ctl(loop->epoll, EPOLL_CTL_DEL, query->watched, NULL);
    query->watched = -1;
}

static void watch(const struct loop *loop, struct query *query, int fd, unsigned events)
{
    struct epoll_event event = {.events = events, .data.ptr = query};
    if (query->watched != fd)
        unwatch(loop, query);
    int operation = query->watched == fd ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(loop->epoll, operation, fd, &event) != 0) {
        perror("epoll_ctl");
        exit(EXIT_FAILURE);
    }
    query->watched = fd;
}

static void finish(struct loop *loop, struct query *query, const dsql_error *err)
{
    if (err->status != DSQL_OK) {
        fprintf(stderr, "query %d: %s\n", query->number, err->message);
        loop->failed++;
    }
    unwatch(loop, query);
    dsql_acquire_free(query->acquire);
    query->acquire = NULL;
    dsql_pool_release(loop->pool, query->conn);
    query->conn = NULL;
    loop->unfinished--;
}

/* ---- With a connection ---- */

/* PQflush() returns 1 while there is more to send.  False: the connection is broken. */
static int flush(const struct loop *loop, struct query *query)
{
    int left = PQflush(query->conn);
    if (left >= 0)
        watch(loop, query, PQsocket(query->conn), left == 1 ? EPOLLIN | EPOLLOUT : EPOLLIN);
    return left >= 0;
}

static void send_query(struct loop *loop, struct query *query)
{
    char number[16];
    snprintf(number, sizeof number, "%d", query->number);
    const char *const params[] = {number};
    if (PQsetnonblocking(query->conn, 1) != 0 ||
        !PQsendQueryParams(query->conn, "SELECT 2 * $1::int", 1, NULL, params, NULL, NULL, 0) ||
        !flush(loop, query)) {
        dsql_error err = {0};
        if (dsql_check(query->conn, NULL, &err) != DSQL_OK)
            finish(loop, query, &err);
    }
}

/* PQgetResult() does not block after an error, and unless PQisBusy(). */
static void read_result(struct loop *loop, struct query *query)
{
    dsql_error err = {0};
    int is_broken = !PQconsumeInput(query->conn) || !flush(loop, query);
    while (is_broken || !PQisBusy(query->conn)) {
        PGresult *result = PQgetResult(query->conn);
        if (result == NULL) {
            finish(loop, query, &err);
            return;
        }
        if (dsql_check(query->conn, result, &err) == DSQL_OK)
            printf("query %d: %s\n", query->number, PQgetvalue(result, 0, 0));
        PQclear(result);
    }
}

/* ---- Waiting for a connection ---- */

static void acquire(struct loop *loop, struct query *query)
{
    dsql_error err = {0};
    switch (dsql_acquire_poll(query->acquire, &query->conn, &err)) {
    case PGRES_POLLING_READING:
        watch(loop, query, dsql_acquire_socket(query->acquire), EPOLLIN);
        break;
    case PGRES_POLLING_OK:
        unwatch(loop, query);
        dsql_acquire_free(query->acquire);
        query->acquire = NULL;
        send_query(loop, query);
        break;
    default:
        finish(loop, query, &err);
    }
}

static void start(struct loop *loop, int number)
{
    struct query *query = &loop->queries[number];
    dsql_error err = {0};
    *query = (struct query){.number = number, .watched = -1};
    query->acquire = dsql_pool_acquire_start(loop->pool, DSQL_HERE, &err);
    if (query->acquire == NULL)
        finish(loop, query, &err);
    else
        acquire(loop, query);
}

/* ---- The loop ---- */

/* Calls those whose time is over, and returns when the next one's will be, or -1. */
static int run_timers(struct loop *loop)
{
    int first = -1;
    for (int i = 0; i < loop->count; i++) {
        if (dsql_acquire_wait_ms(loop->queries[i].acquire) == 0)
            acquire(loop, &loop->queries[i]);
        int wait_ms = dsql_acquire_wait_ms(loop->queries[i].acquire); /* -1 for NULL */
        if (wait_ms >= 0 && (first < 0 || wait_ms < first))
            first = wait_ms;
    }
    return first;
}

static void run(struct loop *loop)
{
    for (int i = 0; i < loop->count; i++)
        start(loop, i);
    while (loop->unfinished > 0) {
        struct epoll_event events[EVENTS];
        int timeout_ms = run_timers(loop);
        int ready = loop->unfinished > 0 ? epoll_wait(loop->epoll, events, EVENTS, timeout_ms) : 0;
        for (int i = 0; i < ready; i++) {
            struct query *query = events[i].data.ptr;
            if (query->acquire != NULL)
                acquire(loop, query);
            else
                read_result(loop, query);
        }
    }
}

int main(int argc, char **argv)
{
    static struct loop loop;
    long count = argc > 1 ? strtol(argv[1], NULL, 10) : DEFAULT_QUERIES;
    if (count < 1 || count > MAX_QUERIES) {
        fprintf(stderr, "usage: event_loop [QUERIES], from 1 to %d\n", MAX_QUERIES);
        return EXIT_FAILURE;
    }
    dsql_error err = {0};
    loop.count = loop.unfinished = (int)count;
    loop.epoll = epoll_create1(EPOLL_CLOEXEC);
    loop.pool = dsql_pool_open(
        DSQL_OPTIONS(.host = getenv("CLUSTER_ENDPOINT"), .pool_max = CONNECTIONS), &err);
    if (loop.epoll < 0 || loop.pool == NULL) {
        fprintf(stderr, "%s\n", loop.epoll < 0 ? "no epoll" : err.message);
        return EXIT_FAILURE;
    }
    run(&loop);
    dsql_pool_stats stats;
    dsql_pool_get_stats(loop.pool, &stats);
    printf("%ld queries on one thread, %llu connections\n", count,
           (unsigned long long)stats.opened);
    dsql_pool_close(loop.pool, -1);
    return loop.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
