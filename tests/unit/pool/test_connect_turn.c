/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Callers of a pool whose server is away.  The connector counts and refuses; the back-off is that
 * of the pool, in real time where threads must wait for each other.
 */
#include "base/error.h"
#include "pool/slot.h"
#include "pools.h"
#include "postgres.h"
#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

enum { THREADS = 16, CALLS = 10, PLACES = 32 };

static struct {
    atomic_int connects, refusals;
    atomic_bool are_lasting;
    atomic_int running, most_running; /* at the same time */
    atomic_bool is_held;              /* a connect that began does not end */
} server;

static void note_running(void)
{
    int running = atomic_fetch_add(&server.running, 1) + 1;
    int most = atomic_load(&server.most_running);
    while (running > most && !atomic_compare_exchange_weak(&server.most_running, &most, running)) {
    }
}

static PGconn *refuse(dsql_error *err)
{
    (fail)(err, DSQL_ERR_CONNECT, "refused by the test");
    err->is_transient = atomic_load(&server.are_lasting) ? 0 : 1;
    return NULL;
}

static PGconn *open_unless_away(void *arg, int64_t deadline_ms, dsql_error *err)
{
    (void)arg;
    (void)deadline_ms;
    atomic_fetch_add(&server.connects, 1);
    note_running();
    while (atomic_load(&server.is_held)) {
        sched_yield();
    }
    bool is_refused = atomic_fetch_sub(&server.refusals, 1) > 0;
    PGconn *conn = is_refused ? refuse(err) : PQconnectdb(postgres_conninfo());
    atomic_fetch_sub(&server.running, 1);
    return conn;
}

/* A pool that has lost its connections, with a server that refuses from now on. */
static dsql_pool *pool_without_server(int max, int acquire_timeout_ms, int refusals,
                                      bool are_lasting)
{
    struct pool_parts parts = pools_parts(max, acquire_timeout_ms);
    parts.connector.open = open_unless_away;
    parts.clock = clock_system();
    atomic_store(&server.refusals, 0);
    dsql_pool *pool = pools_open(&parts);
    PQfinish(pools_acquire(pool));
    atomic_store(&server.are_lasting, are_lasting);
    atomic_store(&server.connects, 0);
    atomic_store(&server.most_running, 0);
    atomic_store(&server.refusals, refusals);
    return pool;
}

static void acquire_waits_for_a_server_that_restarts(void **state)
{
    (void)state;
    dsql_pool *pool = pool_without_server(2, 60000, 3, false);
    PGconn *conn = pools_acquire(pool);
    assert_true(pools_works(conn));
    assert_int_equal(atomic_load(&server.connects), 4);
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void acquire_returns_the_failure_at_its_time_limit(void **state)
{
    (void)state;
    dsql_pool *pool = pool_without_server(2, 120, 1000, false);
    dsql_error err = {0};
    assert_null(dsql_pool_acquire(pool, &err));
    assert_int_equal(err.status, DSQL_ERR_CONNECT);
    assert_string_equal(err.message, "refused by the test");
    assert_true(err.is_transient);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void *acquire_one(void *pool)
{
    return dsql_pool_acquire(pool, NULL);
}

static void wait_for_connects(int count)
{
    while (atomic_load(&server.connects) < count) {
        sched_yield();
    }
}

static void a_connection_that_is_released_ends_the_wait(void **state)
{
    (void)state;
    struct pool_parts parts = pools_parts(4, 60000);
    parts.connector.open = open_unless_away;
    parts.clock = clock_system();
    atomic_store(&server.refusals, 0);
    atomic_store(&server.are_lasting, false);
    dsql_pool *pool = pools_open(&parts);
    PGconn *conn = pools_acquire(pool);
    atomic_store(&server.connects, 0);
    atomic_store(&server.refusals, 1000000);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, acquire_one, pool), 0);
    wait_for_connects(1);
    dsql_pool_release(pool, conn);
    void *got = NULL;
    pthread_join(thread, &got);
    assert_ptr_equal(got, conn);
    assert_int_equal(pools_stats(pool).in_use, 1);
    dsql_pool_release(pool, conn);
    assert_int_equal(pools_stats(pool).idle, 1);
    PQfinish(pools_acquire(pool)); /* reported to the slot that has it now */
    assert_int_equal(pools_stats(pool).in_use, 0);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void a_rejection_ends_acquire_at_once(void **state)
{
    (void)state;
    dsql_pool *pool = pool_without_server(2, 60000, 1, true);
    dsql_error err = {0};
    assert_null(dsql_pool_acquire(pool, &err));
    assert_string_equal(err.message, "refused by the test");
    assert_int_equal(atomic_load(&server.connects), 1);
    dsql_pool_release(pool, pools_acquire(pool)); /* after the back-off */
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void *call_again_and_again(void *pool)
{
    for (int i = 0; i < CALLS; i++) {
        assert_null(dsql_pool_acquire(pool, NULL));
    }
    return NULL;
}

static void run_threads(void *(*run)(void *arg), void *arg, pthread_t threads[THREADS])
{
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run, arg), 0);
    }
}

static void join_threads(const pthread_t threads[THREADS])
{
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

/*
 * Each call returns after its time limit; without a back-off each would be a connect.  The first
 * threads may connect together, as nothing has failed yet.
 */
static void callers_that_spin_do_not_connect_more_often(void **state)
{
    (void)state;
    dsql_pool *pool = pool_without_server(PLACES, 20, 1000000, false);
    pthread_t threads[THREADS];
    run_threads(call_again_and_again, pool, threads);
    join_threads(threads);
    assert_in_range(atomic_load(&server.connects), 1, THREADS + CALLS);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void *acquire_and_release(void *pool)
{
    dsql_error err = {0};
    PGconn *conn = dsql_pool_acquire(pool, &err);
    bool is_ok = conn != NULL;
    dsql_pool_release(pool, conn);
    return is_ok ? NULL : pool;
}

static int count_failures(const pthread_t threads[THREADS])
{
    int failures = 0;
    for (int i = 0; i < THREADS; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        failures += failed != NULL ? 1 : 0;
    }
    return failures;
}

/* One connect has failed; the next one is the probe, and does not end before it is let go. */
static void hold_a_probe(dsql_pool *pool)
{
    assert_null(pool_acquire_within(pool, 1, NULL, NULL));
    atomic_store(&server.connects, 0);
    atomic_store(&server.most_running, 0);
    atomic_store(&server.is_held, true);
}

/* A thread that has its slot is about to wait. */
static void wait_for_reserved(dsql_pool *pool, int count)
{
    int reserved = 0;
    while (reserved < count) {
        pthread_mutex_lock(&pool->lock);
        reserved = slot_count(pool, SLOT_RESERVED);
        pthread_mutex_unlock(&pool->lock);
        sched_yield();
    }
    for (int i = 0; i < 1000; i++) {
        sched_yield();
    }
}

static void one_thread_probes_and_all_go_on_when_it_succeeds(void **state)
{
    (void)state;
    dsql_pool *pool = pool_without_server(PLACES, 60000, 1, false);
    pthread_t threads[THREADS];
    hold_a_probe(pool);
    run_threads(acquire_and_release, pool, threads);
    wait_for_connects(1);
    wait_for_reserved(pool, THREADS);
    assert_int_equal(atomic_load(&server.connects), 1);
    atomic_store(&server.is_held, false);
    assert_int_equal(count_failures(threads), 0);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

/* Of all that wait when it comes; one that asks later probes by itself. */
static void a_rejected_probe_ends_the_wait_of_all(void **state)
{
    (void)state;
    dsql_pool *pool = pool_without_server(PLACES, 60000, 1, true);
    pthread_t threads[THREADS];
    hold_a_probe(pool);
    atomic_store(&server.refusals, 1000000);
    run_threads(acquire_and_release, pool, threads);
    wait_for_connects(1);
    wait_for_reserved(pool, THREADS);
    atomic_store(&server.is_held, false);
    assert_int_equal(count_failures(threads), THREADS);
    assert_int_equal(atomic_load(&server.most_running), 1);
    assert_in_range(atomic_load(&server.connects), 1, 3); /* a thread may have come too late */
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void closing_ends_the_wait(void **state)
{
    (void)state;
    dsql_pool *pool = pool_without_server(PLACES, -1, 1, false);
    pthread_t threads[THREADS];
    hold_a_probe(pool);
    run_threads(acquire_and_release, pool, threads);
    wait_for_connects(1);
    assert_int_equal(dsql_pool_close(pool, 1), DSQL_ERR_TIMEOUT); /* the probe still runs */
    atomic_store(&server.is_held, false);
    assert_int_equal(dsql_pool_close(pool, -1), DSQL_OK);
    assert_int_equal(count_failures(threads), THREADS);
    assert_int_equal(atomic_load(&server.connects), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acquire_waits_for_a_server_that_restarts),
        cmocka_unit_test(acquire_returns_the_failure_at_its_time_limit),
        cmocka_unit_test(a_connection_that_is_released_ends_the_wait),
        cmocka_unit_test(a_rejection_ends_acquire_at_once),
        cmocka_unit_test(callers_that_spin_do_not_connect_more_often),
        cmocka_unit_test(one_thread_probes_and_all_go_on_when_it_succeeds),
        cmocka_unit_test(a_rejected_probe_ends_the_wait_of_all),
        cmocka_unit_test(closing_ends_the_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
