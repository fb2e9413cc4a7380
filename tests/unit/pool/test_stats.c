/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The numbers of dsql_pool_stats, with the test's clock. */
#include "base/error.h"
#include "pools.h"
#include "postgres.h"
#include "unit.h"

#include <string.h>

static atomic_int opens_to_fail;
static atomic_int open_takes_ms;
static atomic_ullong tokens;

static PGconn *open_slowly(void *arg, int64_t deadline_ms, dsql_error *err)
{
    (void)arg;
    (void)deadline_ms;
    atomic_fetch_add(&tokens, 1);
    atomic_fetch_add(&pools_time.now_ms, atomic_load(&open_takes_ms));
    if (atomic_load(&opens_to_fail) > 0) {
        atomic_fetch_sub(&opens_to_fail, 1);
        (fail)(err, DSQL_ERR_CONNECT, "refused by the test");
        return NULL;
    }
    return PQconnectdb(postgres_conninfo());
}

static struct pool_parts parts_of(int max)
{
    atomic_store(&open_takes_ms, 0);
    atomic_store(&tokens, 0);
    struct pool_parts parts = pools_parts(max, 60000);
    parts.connector.open = open_slowly;
    parts.connector.tokens = &tokens;
    return parts;
}

static dsql_pool *pool_of(int max)
{
    struct pool_parts parts = parts_of(max);
    return pools_open(&parts);
}

static uint64_t count_up_to(dsql_pool *pool, int up_to_ms)
{
    dsql_pool_stats stats = pools_stats(pool);
    int at = 0;
    while (stats.waits[at].up_to_ms != up_to_ms) {
        at++;
        assert_true(at < DSQL_POOL_WAITS);
    }
    return stats.waits[at].count;
}

static void expect_sum(dsql_pool *pool)
{
    dsql_pool_stats stats = pools_stats(pool);
    uint64_t sum = 0;
    for (int i = 0; i < DSQL_POOL_WAITS; i++) {
        sum += stats.waits[i].count;
    }
    assert_int_equal(sum, stats.acquired);
}

/* ---- Wait times ---- */

static void the_bounds_grow_and_the_last_has_none(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    dsql_pool_stats stats = pools_stats(pool);
    for (int i = 1; i < DSQL_POOL_WAITS - 1; i++) {
        assert_true(stats.waits[i].up_to_ms > stats.waits[i - 1].up_to_ms);
    }
    assert_int_equal(stats.waits[0].up_to_ms, 1);
    assert_int_equal(stats.waits[DSQL_POOL_WAITS - 1].up_to_ms, -1);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void an_idle_connection_takes_no_time(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    for (int i = 0; i < 3; i++) {
        dsql_pool_release(pool, pools_acquire(pool));
    }
    dsql_pool_release(pool, dsql_pool_try_acquire(pool, NULL, NULL));
    assert_int_equal(count_up_to(pool, 1), 4);
    assert_int_equal(pools_stats(pool).wait_total_ms, 0);
    expect_sum(pool);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void opening_takes_the_time_of_the_connect(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(3);
    PGconn *first = pools_acquire(pool);
    atomic_store(&open_takes_ms, 500);
    PGconn *second = pools_acquire(pool);
    atomic_store(&open_takes_ms, 5001);
    PGconn *third = pools_acquire(pool);
    assert_int_equal(count_up_to(pool, 1), 1);
    assert_int_equal(count_up_to(pool, 500), 1);
    assert_int_equal(count_up_to(pool, -1), 1);
    assert_int_equal(pools_stats(pool).wait_total_ms, 5501);
    expect_sum(pool);
    dsql_pool_release(pool, first);
    dsql_pool_release(pool, second);
    dsql_pool_release(pool, third);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void a_failure_does_not_add_to_the_time_of_the_next(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    PQfinish(pools_acquire(pool));
    atomic_store(&opens_to_fail, 1);
    assert_null(dsql_pool_acquire(pool, NULL));
    atomic_fetch_add(&pools_time.now_ms, 4000);
    dsql_pool_release(pool, pools_acquire(pool));
    assert_int_equal(pools_stats(pool).wait_total_ms, 0);
    assert_int_equal(pools_stats(pool).connects_failed, 1);
    assert_int_equal(pools_stats(pool).opened, 2);
    assert_int_equal(pools_stats(pool).tokens, 3);
    expect_sum(pool);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void the_queue_takes_time(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    PGconn *lent = pools_acquire(pool);
    dsql_acquire *acquire = dsql_pool_acquire_start(pool, NULL, NULL);
    atomic_fetch_add(&pools_time.now_ms, 50);
    dsql_pool_release(pool, lent);
    PGconn *conn = NULL;
    assert_int_equal(dsql_acquire_poll(acquire, &conn, NULL), PGRES_POLLING_OK);
    assert_int_equal(count_up_to(pool, 50), 1);
    assert_int_equal(pools_stats(pool).wait_total_ms, 50);
    expect_sum(pool);
    dsql_acquire_free(acquire);
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

/* ---- What happens to connections ---- */

static void lost_connections_are_counted(void **state)
{
    (void)state;
    struct pool_parts parts = parts_of(1);
    parts.pool.max_idle_s = 60;
    dsql_pool *pool = pools_open(&parts);
    postgres_kill_backends();
    dsql_pool_release(pool, pools_acquire(pool));
    assert_int_equal(pools_stats(pool).validations_failed, 1);
    postgres_kill_backends();
    assert_null(dsql_pool_try_acquire(pool, NULL, NULL));
    assert_int_equal(pools_stats(pool).validations_failed, 2);
    dsql_pool_release(pool, pools_acquire(pool));
    atomic_fetch_add(&pools_time.now_ms, 60000); /* over, and not lost */
    dsql_pool_release(pool, pools_acquire(pool));
    assert_int_equal(pools_stats(pool).validations_failed, 2);
    assert_int_equal(dsql_pool_close(pool, -1), DSQL_OK);
}

static void resets_are_counted(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    dsql_pool_release(pool, pools_acquire(pool));
    assert_int_equal(pools_stats(pool).resets, 0);
    PGconn *conn = pools_acquire(pool);
    PQclear(PQexec(conn, "SET search_path = other"));
    dsql_pool_release(pool, conn);
    assert_int_equal(pools_stats(pool).resets, 1);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bounds_grow_and_the_last_has_none),
        cmocka_unit_test(an_idle_connection_takes_no_time),
        cmocka_unit_test(opening_takes_the_time_of_the_connect),
        cmocka_unit_test(a_failure_does_not_add_to_the_time_of_the_next),
        cmocka_unit_test(the_queue_takes_time),
        cmocka_unit_test(lost_connections_are_counted),
        cmocka_unit_test(resets_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
