/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* dsql_pool_try_acquire(): what it returns at once, and what it has done in the background. */
#include "base/error.h"
#include "pools.h"
#include "postgres.h"
#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

static atomic_bool is_gate_closed;
static atomic_int opens;
static atomic_int opens_to_fail;

static PGconn *open_at_gate(void *arg, int64_t deadline_ms, dsql_error *err)
{
    (void)arg;
    (void)deadline_ms;
    atomic_fetch_add(&opens, 1);
    while (atomic_load(&is_gate_closed)) {
        sched_yield();
    }
    if (atomic_load(&opens_to_fail) > 0) {
        atomic_fetch_sub(&opens_to_fail, 1);
        (fail)(err, DSQL_ERR_CONNECT, "refused by the test");
        return NULL;
    }
    return PQconnectdb(postgres_conninfo());
}

static struct pool_parts parts_of(int max)
{
    struct pool_parts parts = pools_parts(max, 1000);
    parts.connector.open = open_at_gate;
    atomic_store(&opens, 0);
    return parts;
}

static dsql_pool *pool_of(int max)
{
    struct pool_parts parts = parts_of(max);
    return pools_open(&parts);
}

static void expect_none(dsql_pool *pool)
{
    dsql_error err = {0};
    assert_null(dsql_pool_try_acquire(pool, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_TIMEOUT);
}

/* As a program would that has other things to do. */
static PGconn *try_until_ready(dsql_pool *pool)
{
    PGconn *conn = dsql_pool_try_acquire(pool, NULL, NULL);
    while (conn == NULL) {
        sched_yield();
        conn = dsql_pool_try_acquire(pool, NULL, NULL);
    }
    return conn;
}

static void an_idle_connection_is_returned(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    PGconn *conn = dsql_pool_try_acquire(pool, DSQL_HERE, NULL);
    assert_true(pools_works(conn));
    assert_int_equal(pools_stats(pool).acquired, 1);
    dsql_error err = {0};
    assert_null(dsql_pool_try_acquire(pool, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_TIMEOUT);
    assert_non_null(strstr(err.message, "1 of 1 are in use"));
    assert_int_equal(pools_stats(pool).timeouts, 0); /* nobody has waited */
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void one_connection_at_a_time_is_opened_in_the_background(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(4);
    PGconn *lent = pools_acquire(pool);
    atomic_store(&is_gate_closed, true);
    for (int i = 0; i < 5; i++) {
        expect_none(pool); /* returns, though the connect does not */
    }
    while (atomic_load(&opens) != 2) {
        sched_yield();
    }
    atomic_store(&is_gate_closed, false);
    PGconn *conn = try_until_ready(pool);
    assert_true(pools_works(conn));
    assert_int_equal(atomic_load(&opens), 2);
    dsql_pool_release(pool, conn);
    dsql_pool_release(pool, lent);
    assert_int_equal(dsql_pool_close(pool, -1), DSQL_OK);
}

static void a_check_that_is_due_is_made_in_the_background(void **state)
{
    (void)state;
    struct pool_parts parts = parts_of(2);
    parts.pool.validate_idle_s = 30;
    dsql_pool *pool = pools_open(&parts);
    atomic_fetch_add(&pools_time.now_ms, 30000);
    dsql_pool_release(pool, dsql_pool_try_acquire(pool, NULL, NULL));
    atomic_fetch_add(&pools_time.now_ms, 30001);
    expect_none(pool);
    while (pools_stats(pool).idle != 1) {
        sched_yield();
    }
    PGconn *conn = dsql_pool_try_acquire(pool, NULL, NULL);
    assert_non_null(conn);
    assert_int_equal(atomic_load(&opens), 1);
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void dead_connections_are_skipped(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(3);
    PGconn *conns[3];
    for (int i = 0; i < 3; i++) {
        conns[i] = pools_acquire(pool);
    }
    dsql_pool_release(pool, conns[0]);
    int alive = PQbackendPID(conns[0]);
    for (int i = 1; i < 3; i++) {
        int backend = PQbackendPID(conns[i]);
        dsql_pool_release(pool, conns[i]);
        postgres_kill(backend);
    }
    PGconn *conn = dsql_pool_try_acquire(pool, NULL, NULL);
    assert_int_equal(PQbackendPID(conn), alive);
    assert_in_range(pools_stats(pool).open, 1, 2); /* it may come before the other dead one */
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void a_background_failure_is_logged_and_tried_again(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    PQfinish(pools_acquire(pool));
    atomic_store(&opens_to_fail, 2);
    PGconn *conn = try_until_ready(pool);
    assert_int_equal(atomic_load(&opens), 4);
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static dsql_status reject(PGconn *conn, void *arg, dsql_error *err)
{
    pthread_t *thread = arg;
    (void)conn;
    *thread = pthread_self();
    return (fail)(err, DSQL_ERR_CALLBACK, "the hook says no");
}

static void on_acquire_runs_and_may_reject(void **state)
{
    (void)state;
    pthread_t thread = {0};
    struct pool_parts parts = parts_of(1);
    parts.pool.on_acquire = reject;
    parts.pool.on_acquire_arg = &thread;
    dsql_pool *pool = pools_open(&parts);
    dsql_error err = {0};
    assert_null(dsql_pool_try_acquire(pool, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_CALLBACK);
    assert_true(pthread_equal(thread, pthread_self()));
    assert_int_equal(pools_stats(pool).open, 0);
    assert_int_equal(atomic_load(&opens), 1);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void a_closing_pool_returns_none(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    PGconn *lent = pools_acquire(pool);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_ERR_TIMEOUT);
    dsql_error err = {0};
    assert_null(dsql_pool_try_acquire(pool, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_CLOSED);
    dsql_pool_release(pool, lent);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
    assert_null(dsql_pool_try_acquire(NULL, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_connection_is_returned),
        cmocka_unit_test(one_connection_at_a_time_is_opened_in_the_background),
        cmocka_unit_test(a_check_that_is_due_is_made_in_the_background),
        cmocka_unit_test(dead_connections_are_skipped),
        cmocka_unit_test(a_background_failure_is_logged_and_tried_again),
        cmocka_unit_test(on_acquire_runs_and_may_reject),
        cmocka_unit_test(a_closing_pool_returns_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
