/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A connection before it is acquired and after it is released: hooks, reset, validation. */
#include "base/error.h"
#include "pools.h"
#include "postgres.h"
#include "unit.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* ---- Hooks ---- */

struct hooks {
    dsql_pool *pool; /* asked for its numbers in each hook: deadlock, if the lock were held */
    int connects, acquires, releases, closes;
    int connects_to_fail, acquires_to_fail;
    const char *sql; /* run by on_acquire and on_release */
};

static void look_at(const struct hooks *hooks)
{
    dsql_pool_stats stats;
    dsql_pool_get_stats(hooks->pool, &stats);
}

static void run(PGconn *conn, const char *sql)
{
    if (sql != NULL) {
        PQclear(PQexec(conn, sql));
    }
}

static dsql_status on_connect(PGconn *conn, void *arg, dsql_error *err)
{
    struct hooks *hooks = arg;
    (void)conn;
    look_at(hooks);
    hooks->connects++;
    if (hooks->connects_to_fail > 0) {
        hooks->connects_to_fail--;
        return (fail)(err, DSQL_ERR_CALLBACK, "on_connect says no");
    }
    return DSQL_OK;
}

static dsql_status on_acquire(PGconn *conn, void *arg, dsql_error *err)
{
    struct hooks *hooks = arg;
    look_at(hooks);
    hooks->acquires++;
    run(conn, hooks->sql);
    if (hooks->acquires_to_fail > 0) {
        hooks->acquires_to_fail--;
        return (fail)(err, DSQL_ERR_CALLBACK, "on_acquire says no");
    }
    return DSQL_OK;
}

static void on_release(PGconn *conn, void *arg)
{
    struct hooks *hooks = arg;
    look_at(hooks);
    hooks->releases++;
    run(conn, hooks->sql);
}

static void on_close(PGconn *conn, void *arg)
{
    struct hooks *hooks = arg;
    (void)conn;
    look_at(hooks);
    hooks->closes++;
}

static struct pool_parts hooked(struct hooks *hooks, int max)
{
    struct pool_parts parts = pools_parts(max, 1000);
    parts.pool.on_connect = on_connect;
    parts.pool.on_connect_arg = hooks;
    parts.pool.on_acquire = on_acquire;
    parts.pool.on_acquire_arg = hooks;
    parts.pool.on_release = on_release;
    parts.pool.on_release_arg = hooks;
    parts.pool.on_close = on_close;
    parts.pool.on_close_arg = hooks;
    return parts;
}

static dsql_pool *open_hooked(struct hooks *hooks, int max)
{
    struct pool_parts parts = hooked(hooks, max);
    hooks->pool = pools_open(&parts);
    return hooks->pool;
}

static void each_hook_runs_at_its_step_without_a_lock(void **state)
{
    (void)state;
    struct hooks hooks = {.pool = NULL};
    dsql_pool *pool = open_hooked(&hooks, 2);
    for (int i = 0; i < 3; i++) {
        dsql_pool_release(pool, pools_acquire(pool));
    }
    assert_int_equal(hooks.connects, 1);
    assert_int_equal(hooks.acquires, 3);
    assert_int_equal(hooks.releases, 3);
    assert_int_equal(hooks.closes, 0);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
    assert_int_equal(hooks.closes, 1);
}

static void on_acquire_that_fails_gets_a_new_connection_once(void **state)
{
    (void)state;
    struct hooks hooks = {.pool = NULL};
    dsql_pool *pool = open_hooked(&hooks, 1);
    hooks.acquires_to_fail = 1;
    dsql_error none = {0};
    PGconn *conn = dsql_pool_acquire(pool, &none);
    assert_non_null(conn);
    assert_int_equal(none.status, DSQL_OK);
    assert_string_equal(none.message, "");
    assert_int_equal(hooks.acquires, 2);
    assert_int_equal(hooks.connects, 2);
    assert_int_equal(hooks.closes, 1);
    dsql_pool_release(pool, conn);
    hooks.acquires_to_fail = 2;
    dsql_error err = {0};
    assert_null(dsql_pool_acquire(pool, &err));
    assert_int_equal(err.status, DSQL_ERR_CALLBACK);
    assert_string_equal(err.message, "on_acquire says no");
    assert_int_equal(pools_stats(pool).open, 0);
    dsql_pool_release(pool, pools_acquire(pool)); /* the slot is free again */
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
    assert_int_equal(hooks.closes, hooks.connects);
}

static void a_transaction_left_open_by_a_hook_is_rolled_back(void **state)
{
    (void)state;
    struct hooks hooks = {.pool = NULL, .sql = "BEGIN"};
    dsql_pool *pool = open_hooked(&hooks, 1);
    PGconn *conn = pools_acquire(pool);
    assert_int_equal(PQtransactionStatus(conn), PQTRANS_IDLE);
    dsql_pool_release(pool, conn);
    hooks.sql = NULL;
    assert_ptr_equal(pools_acquire(pool), conn);
    assert_int_equal(PQtransactionStatus(conn), PQTRANS_IDLE);
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void a_connection_broken_by_a_hook_is_not_handed_out(void **state)
{
    (void)state;
    struct hooks hooks = {.pool = NULL};
    dsql_pool *pool = open_hooked(&hooks, 1);
    PGconn *conn = pools_acquire(pool);
    hooks.sql = "SELECT pg_terminate_backend(pg_backend_pid())";
    dsql_pool_release(pool, conn); /* on_release breaks it: closed, not kept */
    assert_int_equal(pools_stats(pool).open, 0);
    dsql_error err = {0};
    assert_null(dsql_pool_acquire(pool, &err));
    assert_int_equal(err.status, DSQL_ERR_CONNECT);
    assert_string_equal(err.message, "the hook on_acquire left the connection unusable");
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
    assert_int_equal(hooks.closes, hooks.connects);
}

static void on_release_does_not_see_broken_connections(void **state)
{
    (void)state;
    struct hooks hooks = {.pool = NULL};
    dsql_pool *pool = open_hooked(&hooks, 1);
    PGconn *conn = pools_acquire(pool);
    assert_int_equal(PQsendQuery(conn, "SELECT 1"), 1);
    dsql_pool_release(pool, conn);
    assert_int_equal(hooks.releases, 0);
    assert_int_equal(hooks.closes, 1);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void on_close_runs_once_for_every_connection(void **state)
{
    (void)state;
    struct hooks hooks = {.pool = NULL};
    dsql_pool *pool = open_hooked(&hooks, 2);
    PQfinish(pools_acquire(pool)); /* by the caller */
    assert_int_equal(hooks.closes, 1);
    dsql_pool_release(pool, pools_acquire(pool));
    atomic_fetch_add(&pools_time.now_ms, 3300000); /* too old */
    dsql_pool_release(pool, pools_acquire(pool));
    assert_int_equal(hooks.closes, 2);
    hooks.connects_to_fail = 1;
    PQfinish(pools_acquire(pool));
    assert_null(dsql_pool_acquire(pool, NULL)); /* rejected by on_connect */
    assert_int_equal(hooks.closes, 4);
    assert_int_equal(hooks.connects, 4);
    assert_int_equal(pools_stats(pool).opened, 4);
    assert_int_equal(pools_stats(pool).closed, 4);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
    assert_int_equal(hooks.closes, 4);
}

/* ---- A dead network: the server's process is stopped, its socket stays open ---- */

static void stop(int pid)
{
    assert_int_equal(kill(pid, SIGSTOP), 0);
}

static void go_on(int pid)
{
    assert_int_equal(kill(pid, SIGCONT), 0);
}

static void release_does_not_wait_for_a_dead_network(void **state)
{
    (void)state;
    static const char *const states[] = {"BEGIN", "SELECT 1"};
    for (size_t i = 0; i < 2; i++) {
        struct pool_parts parts = pools_parts(1, 1000);
        parts.pool.reset_on_release = true;
        dsql_pool *pool = pools_open(&parts);
        PGconn *conn = pools_acquire(pool);
        int pid = PQbackendPID(conn);
        run(conn, states[i]);
        stop(pid);
        atomic_store(&pools_time.step_ms, 2450); /* two looks at the clock: 5 s have passed */
        dsql_pool_release(pool, conn);
        atomic_store(&pools_time.step_ms, 0);
        assert_int_equal(pools_stats(pool).open, 0);
        go_on(pid);
        assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
    }
}

static void a_connection_idle_for_long_is_checked_and_replaced_in_time(void **state)
{
    (void)state;
    struct pool_parts parts = pools_parts(1, 1000);
    parts.pool.validate_idle_s = 30;
    dsql_pool *pool = pools_open(&parts);
    PGconn *conn = pools_acquire(pool);
    int pid = PQbackendPID(conn);
    dsql_pool_release(pool, conn);
    stop(pid);
    atomic_fetch_add(&pools_time.now_ms, 30001);
    atomic_store(&pools_time.step_ms, 100);
    conn = pools_acquire(pool);
    atomic_store(&pools_time.step_ms, 0);
    assert_int_not_equal(PQbackendPID(conn), pid);
    go_on(pid);
    assert_true(pools_works(conn));
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void a_connection_idle_for_long_and_alive_is_handed_out(void **state)
{
    (void)state;
    struct pool_parts parts = pools_parts(1, 1000);
    parts.pool.validate_idle_s = 30;
    dsql_pool *pool = pools_open(&parts);
    PGconn *conn = pools_acquire(pool);
    dsql_pool_release(pool, conn);
    atomic_fetch_add(&pools_time.now_ms, 30001);
    assert_ptr_equal(pools_acquire(pool), conn);
    assert_int_equal(PQisnonblocking(conn), 0);
    dsql_pool_release(pool, conn);
    assert_int_equal(pools_stats(pool).opened, 1);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void a_short_idle_time_or_no_validation_costs_no_round_trip(void **state)
{
    (void)state;
    static const struct {
        int validate_idle_s;
        int idle_ms;
    } cases[] = {{30, 30000}, {-1, 500000}};
    for (size_t i = 0; i < 2; i++) {
        struct pool_parts parts = pools_parts(1, 1000);
        parts.pool.validate_idle_s = cases[i].validate_idle_s;
        dsql_pool *pool = pools_open(&parts);
        PGconn *conn = pools_acquire(pool);
        int pid = PQbackendPID(conn);
        dsql_pool_release(pool, conn);
        stop(pid); /* a query would not be answered */
        atomic_fetch_add(&pools_time.now_ms, cases[i].idle_ms);
        assert_ptr_equal(pools_acquire(pool), conn);
        go_on(pid);
        dsql_pool_release(pool, conn);
        assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
    }
}

static void nonblocking_mode_is_turned_off_on_release(void **state)
{
    (void)state;
    struct pool_parts parts = pools_parts(1, 1000);
    dsql_pool *pool = pools_open(&parts);
    PGconn *conn = pools_acquire(pool);
    run(conn, "BEGIN");
    assert_int_equal(PQsetnonblocking(conn, 1), 0);
    dsql_pool_release(pool, conn);
    assert_ptr_equal(pools_acquire(pool), conn);
    assert_int_equal(PQisnonblocking(conn), 0);
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

/* ---- Background opening, and lifetimes ---- */

static void wait_for_open(dsql_pool *pool, int count)
{
    while (pools_stats(pool).open < count) {
        sched_yield();
    }
}

static void idle_connections_are_opened_at_the_open_rate(void **state)
{
    (void)state;
    struct pool_parts parts = pools_parts(30, 1000);
    parts.pool.min_idle = 13;
    dsql_pool *pool = pools_open(&parts);
    wait_for_open(pool, 1 + 10); /* the one that proves the options, and a burst */
    for (int i = 0; i < 100; i++) {
        dsql_pool_release(pool, pools_acquire(pool));
    }
    assert_int_equal(pools_stats(pool).opened, 11);
    atomic_fetch_add(&pools_time.now_ms, 100);
    wait_for_open(pool, 12);
    assert_int_equal(pools_stats(pool).opened, 12);
    atomic_fetch_add(&pools_time.now_ms, 1000);
    wait_for_open(pool, 13); /* what is wanted, and no more */
    assert_int_equal(dsql_pool_close(pool, -1), DSQL_OK);
}

static uint64_t chosen(void *arg)
{
    return *(uint64_t *)arg;
}

static void jitter_shortens_a_lifetime_by_at_most_a_tenth(void **state)
{
    (void)state;
    static const struct {
        uint64_t chance;
        int life_ms;
    } cases[] = {{0, 3300000}, {1234, 3300000 - 1234}, {330000, 2970000}, {330001, 3300000}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t chance = cases[i].chance;
        const struct random_source random = {.next = chosen, .arg = &chance};
        struct pool_parts parts = pools_parts(1, 1000);
        parts.pool.max_idle_s = 86400;
        parts.random = &random;
        dsql_pool *pool = pools_open(&parts);
        atomic_fetch_add(&pools_time.now_ms, cases[i].life_ms - 1);
        dsql_pool_release(pool, pools_acquire(pool));
        assert_int_equal(pools_stats(pool).opened, 1);
        atomic_fetch_add(&pools_time.now_ms, 1);
        dsql_pool_release(pool, pools_acquire(pool));
        assert_int_equal(pools_stats(pool).opened, 2);
        assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_hook_runs_at_its_step_without_a_lock),
        cmocka_unit_test(on_acquire_that_fails_gets_a_new_connection_once),
        cmocka_unit_test(a_transaction_left_open_by_a_hook_is_rolled_back),
        cmocka_unit_test(a_connection_broken_by_a_hook_is_not_handed_out),
        cmocka_unit_test(on_release_does_not_see_broken_connections),
        cmocka_unit_test(on_close_runs_once_for_every_connection),
        cmocka_unit_test(release_does_not_wait_for_a_dead_network),
        cmocka_unit_test(a_connection_idle_for_long_is_checked_and_replaced_in_time),
        cmocka_unit_test(a_connection_idle_for_long_and_alive_is_handed_out),
        cmocka_unit_test(a_short_idle_time_or_no_validation_costs_no_round_trip),
        cmocka_unit_test(nonblocking_mode_is_turned_off_on_release),
        cmocka_unit_test(idle_connections_are_opened_at_the_open_rate),
        cmocka_unit_test(jitter_shortens_a_lifetime_by_at_most_a_tenth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
