/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests of transactions share: a pool on the throw-away PostgreSQL, with a clock that
 * only moves when somebody sleeps, and tables that raise conflicts where DSQL does.
 */
#ifndef TEST_SUPPORT_WORLD_H
#define TEST_SUPPORT_WORLD_H

#include <dsql.h>

#ifdef __cplusplus
extern "C" {
#else
#include <stdatomic.h>

struct world {
    atomic_llong now_ms;
    atomic_int sleeps;
    dsql_pool *watched; /* has nothing lent while anybody sleeps */
    atomic_int slept_with_connection;
    void (*on_sleep)(void); /* NULL: nothing */
    void (*on_connect)(PGconn *conn);
};
extern struct world world;
extern const struct clock world_clock;
#endif

#define ADD_ONE "UPDATE counter SET n = n + 1"
/* At COMMIT raises the SQLSTATE given, the first so many times; 'die' ends the server process. */
#define AT_COMMIT(action, times) "INSERT INTO at_commit VALUES ('" action "', " #times ")"
#define DIE                      "SELECT pg_terminate_backend(pg_backend_pid())"

/** Time 0, and fresh tables: counter (n = 0), at_commit, items (empty), sys.jobs (empty). */
void world_reset(void);

/** Repeatable read, at most 4 connections, waits of 100 ms, 200 ms... half of them, as jitter is 0.
 */
dsql_pool *world_pool(int max_attempts, int timeout_ms);

/** The same through other servers, with as many connections as given. */
dsql_pool *world_pool_on(const char *conninfo, int max, int max_attempts, int timeout_ms);

/** The same; NULL on failure, which the others do not survive. */
dsql_pool *world_try_pool(const char *conninfo, int max, dsql_error *err);

/** Fails the test unless nothing is lent any more. */
void world_close(dsql_pool *pool);

/** n of counter. */
long world_counter(void);

/** True: the statement succeeded. */
int world_run(PGconn *conn, const char *sql);

/** Conflicts that were tried again; fails the test when anything is lent. */
long world_conflicts(dsql_pool *pool);

#ifdef __cplusplus
}
#endif
#endif
