/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The pool stays correct and recovers: crashed servers, clocks that jump, many threads. */
#include "pools.h"
#include "postgres.h"
#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

enum { CROWD = 32, PLACES = 4, RAIDS = 10 };

static dsql_pool *pool_of(int max, int acquire_timeout_ms)
{
    struct pool_parts parts = pools_parts(max, acquire_timeout_ms);
    parts.pool.validate_idle_s = 30;
    return pools_open(&parts);
}

/* ---- Servers that crash ---- */

static void a_crashed_server_breaks_only_what_was_open(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(3, 2000);
    PGconn *lent = pools_acquire(pool);
    PGconn *in_transaction = pools_acquire(pool);
    PGconn *idle = pools_acquire(pool);
    dsql_pool_release(pool, idle);
    PQclear(PQexec(in_transaction, "BEGIN"));
    postgres_crash();
    dsql_error err = {0};
    assert_null(
        dsql_pool_acquire(pool, &err)); /* the idle one is not handed out, no new one opens */
    assert_int_equal(err.status, DSQL_ERR_CONNECT);
    assert_false(pools_works(lent));
    dsql_pool_release(pool, lent);
    dsql_pool_release(pool, in_transaction); /* its ROLLBACK cannot be sent */
    assert_int_equal(pools_stats(pool).in_use, 0);
    postgres_start_again();
    PGconn *conns[3]; /* libpq may call a dead one OK after a failed write: it is not handed out */
    for (int i = 0; i < 3; i++) {
        conns[i] = pools_acquire(pool);
        assert_true(pools_works(conns[i]));
    }
    for (int i = 0; i < 3; i++) {
        dsql_pool_release(pool, conns[i]);
    }
    assert_int_equal(pools_stats(pool).opened, 6);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void every_dead_idle_connection_is_replaced_without_an_error(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(20, 2000); /* more than a limit on attempts would allow */
    PGconn *conns[20];
    for (int i = 0; i < 20; i++) {
        conns[i] = pools_acquire(pool);
    }
    for (int i = 0; i < 20; i++) {
        dsql_pool_release(pool, conns[i]);
    }
    postgres_kill_backends();
    for (int i = 0; i < 20; i++) {
        conns[i] = pools_acquire(pool);
        assert_true(pools_works(conns[i]));
    }
    for (int i = 0; i < 20; i++) {
        dsql_pool_release(pool, conns[i]);
    }
    assert_int_equal(pools_stats(pool).opened, 40);
    assert_int_equal(pools_stats(pool).open, 20);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

/* ---- Clocks that jump ---- */

static void a_clock_that_jumps_ahead_expires_all_connections_without_errors(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(2, 2000);
    PGconn *lent = pools_acquire(pool);
    PGconn *idle = pools_acquire(pool);
    dsql_pool_release(pool, idle);
    atomic_fetch_add(&pools_time.now_ms, INT64_C(1000) * 3600 * 24 * 365 * 100);
    PGconn *conn = pools_acquire(pool);
    assert_true(pools_works(conn));
    dsql_pool_release(pool, conn);
    assert_true(pools_works(lent)); /* not taken from whoever uses it */
    dsql_pool_release(pool, lent);
    assert_int_equal(pools_stats(pool).open, 1);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void a_clock_that_goes_back_keeps_connections(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1, 2000);
    PGconn *conn = pools_acquire(pool);
    dsql_pool_release(pool, conn);
    atomic_fetch_sub(&pools_time.now_ms, 86400000);
    assert_ptr_equal(pools_acquire(pool), conn);
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

/* ---- Many threads ---- */

struct crowd {
    dsql_pool *pool;
    atomic_bool is_over;
    atomic_int inside;
    atomic_int too_many;
    atomic_int refused;
    atomic_int broken;
    atomic_int done;
};

static void use(struct crowd *crowd, PGconn *conn, int turn)
{
    if (atomic_fetch_add(&crowd->inside, 1) >= PLACES) {
        atomic_fetch_add(&crowd->too_many, 1);
    }
    PQclear(PQexec(conn, turn % 3 == 0 ? "BEGIN" : "SELECT 1"));
    if (!pools_works(conn)) {
        atomic_fetch_add(&crowd->broken, 1);
    }
    atomic_fetch_sub(&crowd->inside, 1);
}

static void *come_and_go(void *arg)
{
    struct crowd *crowd = arg;
    for (int turn = 0; !atomic_load(&crowd->is_over); turn++) {
        PGconn *conn = dsql_pool_acquire(crowd->pool, NULL);
        if (conn == NULL) {
            atomic_fetch_add(&crowd->refused, 1);
            continue;
        }
        use(crowd, conn, turn);
        if (turn % 7 == 6) {
            PQfinish(conn);
        } else {
            dsql_pool_release(crowd->pool, conn);
        }
        atomic_fetch_add(&crowd->done, 1);
    }
    return NULL;
}

static void wait_for_work(struct crowd *crowd, int more)
{
    int goal = atomic_load(&crowd->done) + more;
    while (atomic_load(&crowd->done) < goal) {
        sched_yield();
    }
}

static void expect_survival(const struct pool_parts *parts)
{
    struct crowd crowd = {.pool = pools_open(parts)};
    pthread_t threads[CROWD];
    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &crowd), 0);
    }
    for (int i = 0; i < RAIDS; i++) {
        wait_for_work(&crowd, 20);
        postgres_kill_backends();
    }
    wait_for_work(&crowd, 100);
    atomic_store(&crowd.is_over, true);
    for (int i = 0; i < CROWD; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&crowd.too_many), 0);
    assert_true(atomic_load(&crowd.broken) <= RAIDS * PLACES);
    dsql_pool_stats stats = pools_stats(crowd.pool);
    assert_int_equal(stats.in_use, 0);
    assert_int_equal(stats.waiting, 0);
    assert_int_equal(stats.idle, stats.open);
    PGconn *conn = pools_acquire(crowd.pool);
    assert_true(pools_works(conn));
    dsql_pool_release(crowd.pool, conn);
    assert_int_equal(dsql_pool_close(crowd.pool, 0), DSQL_OK);
}

static void many_threads_survive_killed_connections(void **state)
{
    (void)state;
    struct pool_parts parts = pools_parts(PLACES, -1);
    parts.pool.validate_idle_s = 30;
    expect_survival(&parts);
}

/* A dead connection fails once: libpq knows then, and the release closes it. */
static void as_they_do_without_a_look_at_the_socket(void **state)
{
    (void)state;
    struct pool_parts parts = pools_parts(PLACES, -1);
    parts.pool.trust_ms = POOL_TRUST_MS;
    parts.pool.overtake_ms = POOL_OVERTAKE_MS;
    expect_survival(&parts);
}

static void *leave_when_closed(void *arg)
{
    struct crowd *crowd = arg;
    dsql_error err = {0};
    while (err.status != DSQL_ERR_CLOSED) {
        PGconn *conn = dsql_pool_acquire(crowd->pool, &err);
        if (conn != NULL) {
            atomic_fetch_add(&crowd->done, 1);
            dsql_pool_release(crowd->pool, conn);
        } else if (err.status != DSQL_ERR_CLOSED) {
            atomic_fetch_add(&crowd->refused, 1);
        }
    }
    return NULL;
}

static void a_pool_closes_while_many_threads_use_it(void **state)
{
    (void)state;
    struct crowd crowd = {.pool = pool_of(PLACES, -1)};
    PGconn *kept = pools_acquire(crowd.pool); /* so that the pool stays until all have left */
    pthread_t threads[CROWD];
    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, leave_when_closed, &crowd), 0);
    }
    wait_for_work(&crowd, 100);
    assert_int_equal(dsql_pool_close(crowd.pool, 0), DSQL_ERR_TIMEOUT);
    for (int i = 0; i < CROWD; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&crowd.refused), 0);
    dsql_pool_release(crowd.pool, kept);
    assert_int_equal(pools_stats(crowd.pool).open, 0);
    assert_int_equal(dsql_pool_close(crowd.pool, -1), DSQL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_dead_idle_connection_is_replaced_without_an_error),
        cmocka_unit_test(a_clock_that_jumps_ahead_expires_all_connections_without_errors),
        cmocka_unit_test(a_clock_that_goes_back_keeps_connections),
        cmocka_unit_test(many_threads_survive_killed_connections),
        cmocka_unit_test(as_they_do_without_a_look_at_the_socket),
        cmocka_unit_test(a_pool_closes_while_many_threads_use_it),
        cmocka_unit_test(a_crashed_server_breaks_only_what_was_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
