/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the tests of transactions: a pool on the temporary PostgreSQL, a clock that advances
 * only by sleeping, and tables that raise conflicts where Aurora DSQL does.
 */
#ifndef TEST_SUPPORT_WORLD_H
#define TEST_SUPPORT_WORLD_H

#include <dsql.h>

#ifdef __cplusplus
extern "C" {
#else
#include <pthread.h>
#include <stdatomic.h>

struct world {
    atomic_llong now_ms;
    _Atomic(pthread_t) tester; /* has called world_reset(); only its readings move the clock */
    atomic_llong step_ms;      /* added at each reading of the clock */
    atomic_int sleeps;
    dsql_pool *watched; /* must have no connection in use during a sleep */
    atomic_int slept_with_connection;
    void (*on_sleep)(void);        /* may be NULL */
    void (*_Atomic on_look)(void); /* before each reading of the clock; may be NULL */
    void (*on_connect)(PGconn *conn);
    int acquire_timeout_ms; /* of the pools that are opened */
    atomic_int refusals;    /* connects that are still to fail */
    atomic_bool are_lasting;
};
extern struct world world;
extern const struct clock world_clock;
#endif

#define ADD_ONE "UPDATE counter SET n = n + 1"
/* COMMIT fails with a SQLSTATE, as many times as given; 'die' terminates the backend. */
#define AT_COMMIT(action, times) "INSERT INTO at_commit VALUES ('" action "', " #times ")"
#define DIE                      "SELECT pg_terminate_backend(pg_backend_pid())"

/**
 * Sets the time to 0 and makes new tables: counter (n = 0), at_commit, items, sys.jobs.  Only the
 * readings of the calling thread move the clock: when the pool's threads read it is chance.
 */
void world_reset(void);

/** Repeatable read, at most 4 connections.  The jitter is 0: waits are half of 100 ms, 200 ms... */
dsql_pool *world_pool(int max_attempts, int timeout_ms);

/** The same with another connection string and number of connections. */
dsql_pool *world_pool_on(const char *conninfo, int max, int max_attempts, int timeout_ms);

/** The same, but returns NULL on failure; the others end the program. */
dsql_pool *world_try_pool(const char *conninfo, int max, dsql_error *err);

/** Fails the test if a connection is still in use. */
void world_close(dsql_pool *pool);

/** The value of n in counter. */
long world_counter(void);

/** True if the statement succeeded. */
int world_run(PGconn *conn, const char *sql);

/** The number of retried conflicts.  Fails the test if a connection is still in use. */
long world_conflicts(dsql_pool *pool);

#ifdef __cplusplus
}
#endif
#endif
