/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Acquiring and releasing without the lock: what such a connection is, who gets it, and that
 * nobody waits beside it.  The clock stands still, so no caller in the queue has waited for long
 * unless a test says so.
 */
#include "base/condition.h"
#include "pools.h"
#include "postgres.h"
#include "unit.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

enum { CROWD = 16, PLACES = 3, TURNS = 400, CLOSINGS = 40, DUELS = 5000, LIMIT_MS = 10000 };

static struct pool_parts parts_of(int max)
{
    struct pool_parts parts = pools_parts(max, -1);
    parts.pool.trust_ms = POOL_TRUST_MS;
    parts.pool.overtake_ms = POOL_OVERTAKE_MS;
    return parts;
}

static dsql_pool *pool_of(int max)
{
    const struct pool_parts parts = parts_of(max);
    return pools_open(&parts);
}

static void advance_ms(int64_t ms)
{
    atomic_fetch_add(&pools_time.now_ms, ms);
}

static void close_pool(dsql_pool *pool)
{
    dsql_pool_stats stats = pools_stats(pool);
    assert_int_equal(stats.in_use, 0);
    assert_int_equal(stats.waiting, 0);
    assert_int_equal(stats.idle, stats.open);
    assert_int_equal(dsql_pool_close(pool, -1), DSQL_OK);
}

/* ---- The look at the socket ---- */

static void a_connection_used_a_moment_ago_is_not_looked_at(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    PGconn *conn = pools_acquire(pool);
    dsql_pool_release(pool, conn);
    postgres_kill_backends();
    advance_ms(POOL_TRUST_MS - 1);
    assert_ptr_equal(pools_acquire(pool), conn);
    assert_false(pools_works(conn));
    dsql_pool_release(pool, conn); /* libpq knows now */
    assert_int_equal(pools_stats(pool).open, 0);
    close_pool(pool);
}

static void a_dead_connection_is_found_after_that_moment(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    dsql_pool_release(pool, pools_acquire(pool));
    postgres_kill_backends();
    advance_ms(POOL_TRUST_MS);
    PGconn *conn = pools_acquire(pool);
    assert_true(pools_works(conn));
    dsql_pool_release(pool, conn);
    assert_int_equal(pools_stats(pool).validations_failed, 1);
    close_pool(pool);
}

static void after_a_clock_went_back_a_dead_connection_is_found(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    dsql_pool_release(pool, pools_acquire(pool));
    postgres_kill_backends();
    advance_ms(-1);
    PGconn *conn = pools_acquire(pool);
    assert_true(pools_works(conn));
    dsql_pool_release(pool, conn);
    close_pool(pool);
}

/* The look stays, whoever acquires: an event loop, or one that does not wait. */
static void the_other_acquires_look_after_that_moment_too(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    dsql_pool_release(pool, pools_acquire(pool));
    postgres_kill_backends();
    advance_ms(POOL_TRUST_MS);
    assert_null(dsql_pool_try_acquire(pool, NULL, NULL));
    PGconn *conn = pools_acquire(pool);
    assert_true(pools_works(conn));
    dsql_pool_release(pool, conn);
    close_pool(pool);
}

/* ---- What was changed, and what is too old ---- */

static void a_changed_session_is_reset(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    for (int i = 0; i < 3; i++) {
        PGconn *conn = pools_acquire(pool);
        assert_int_equal(pools_ask(conn, "SELECT (current_setting('work_mem') = '77kB')::int"), 0);
        PQclear(PQexec(conn, "SET work_mem = '77kB'"));
        dsql_pool_release(pool, conn);
    }
    assert_int_equal(pools_stats(pool).resets, 3);
    close_pool(pool);
}

/* set_config() of a parameter that the server reports: only the comparison of these shows it. */
static void a_reported_parameter_is_reset(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    for (int i = 0; i < 3; i++) {
        PGconn *conn = pools_acquire(pool);
        assert_string_not_equal(PQparameterStatus(conn, "DateStyle"), "SQL, DMY");
        PQclear(PQexec(conn, "SELECT set_config('DateStyle', 'SQL, DMY', false)"));
        assert_string_equal(PQparameterStatus(conn, "DateStyle"), "SQL, DMY");
        dsql_pool_release(pool, conn);
    }
    assert_int_equal(pools_stats(pool).resets, 3);
    close_pool(pool);
}

static void no_transaction_is_left_open(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    PGconn *conn = pools_acquire(pool);
    PQclear(PQexec(conn, "BEGIN"));
    dsql_pool_release(pool, conn);
    assert_ptr_equal(pools_acquire(pool), conn);
    assert_int_equal(PQtransactionStatus(conn), PQTRANS_IDLE);
    dsql_pool_release(pool, conn);
    close_pool(pool);
}

static void a_connection_that_is_too_old_is_closed(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    PGconn *conn = pools_acquire(pool);
    advance_ms(INT64_C(3300) * 1000);
    dsql_pool_release(pool, conn);
    assert_int_equal(pools_stats(pool).open, 0);
    close_pool(pool);
}

/* ---- Which connection, and for whom ---- */

static void the_connection_used_last_comes_first(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(3);
    PGconn *conns[3];
    for (int i = 0; i < 3; i++) {
        conns[i] = pools_acquire(pool);
    }
    for (int i = 0; i < 3; i++) {
        dsql_pool_release(pool, conns[i]);
    }
    for (int i = 2; i >= 0; i--) {
        assert_ptr_equal(pools_acquire(pool), conns[i]);
    }
    for (int i = 0; i < 3; i++) {
        dsql_pool_release(pool, conns[i]);
    }
    close_pool(pool);
}

static void *acquire_and_release(void *pool)
{
    PGconn *conn = pools_acquire(pool);
    dsql_pool_release(pool, conn);
    return conn;
}

static void *release_it(void *pool_and_conn)
{
    void **both = pool_and_conn;
    dsql_pool_release(both[0], both[1]);
    return NULL;
}

static void *run_on_a_thread(void *(*work)(void *arg), void *arg)
{
    pthread_t thread;
    void *result = NULL;
    assert_int_equal(pthread_create(&thread, NULL, work, arg), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    return result;
}

static void threads_pass_one_connection_on(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(PLACES);
    PGconn *conn = pools_acquire(pool);
    dsql_pool_release(pool, conn);
    for (int i = 0; i < 40; i++) {
        assert_ptr_equal(run_on_a_thread(acquire_and_release, pool), conn);
    }
    assert_ptr_equal(pools_acquire(pool), conn);
    void *both[] = {pool, conn};
    run_on_a_thread(release_it, both);
    assert_ptr_equal(dsql_pool_try_acquire(pool, NULL, NULL), conn);
    dsql_pool_release(pool, conn);
    assert_int_equal(pools_stats(pool).opened, 1);
    assert_int_equal(pools_stats(pool).acquired, 43);
    close_pool(pool);
}

static void numbers_are_exact(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(2);
    for (int i = 0; i < 100; i++) {
        PGconn *conn = pools_acquire(pool);
        assert_int_equal(pools_stats(pool).in_use, 1);
        assert_int_equal(pools_stats(pool).idle, 0);
        dsql_pool_release(pool, conn);
        assert_int_equal(pools_stats(pool).in_use, 0);
        assert_int_equal(pools_stats(pool).idle, 1);
    }
    dsql_pool_stats stats = pools_stats(pool);
    assert_int_equal(stats.acquired, 100);
    assert_int_equal(stats.waits[0].count, 100);
    assert_int_equal(stats.wait_total_ms, 0);
    close_pool(pool);
}

static atomic_int mistakes;

static void count_mistakes(void *arg, dsql_log_level level, const char *message)
{
    (void)arg;
    if (level == DSQL_LOG_ERROR && strstr(message, "not in use in any pool") != NULL) {
        atomic_fetch_add(&mistakes, 1);
    }
}

static void a_second_release_is_a_mistake(void **state)
{
    (void)state;
    struct pool_parts parts = parts_of(2);
    parts.logger = (struct logger){.write = count_mistakes};
    dsql_pool *pool = pools_open(&parts);
    PGconn *conn = pools_acquire(pool);
    dsql_pool_release(pool, conn);
    dsql_pool_release(pool, conn);
    assert_int_equal(atomic_load(&mistakes), 1);
    assert_ptr_equal(pools_acquire(pool), conn);
    assert_int_equal(pools_stats(pool).in_use, 1);
    dsql_pool_release(pool, conn);
    close_pool(pool);
}

static void a_connection_that_its_user_closes_is_forgotten(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    for (int i = 0; i < 3; i++) {
        dsql_pool_release(pool, pools_acquire(pool));
        PQfinish(pools_acquire(pool));
        assert_int_equal(pools_stats(pool).open, 0);
    }
    close_pool(pool);
}

/* ---- The queue ---- */

static void wait_for_waiting(dsql_pool *pool, int count)
{
    while (pools_stats(pool).waiting < count) {
        sched_yield();
    }
}

static void a_release_reaches_a_thread_that_waits(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    PGconn *conn = pools_acquire(pool);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, acquire_and_release, pool), 0);
    wait_for_waiting(pool, 1);
    dsql_pool_release(pool, conn);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close_pool(pool);
}

/* From then on nobody else gets it, not even a thread that runs. */
static void a_thread_that_has_waited_for_long_is_not_overtaken(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    PGconn *conn = pools_acquire(pool);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, acquire_and_release, pool), 0);
    wait_for_waiting(pool, 1);
    advance_ms(POOL_OVERTAKE_MS);
    uint64_t acquired = pools_stats(pool).acquired;
    dsql_pool_release(pool, conn);
    PGconn *overtaking = dsql_pool_try_acquire(pool, NULL, NULL);
    assert_true(overtaking == NULL || pools_stats(pool).acquired >= acquired + 2);
    dsql_pool_release(pool, overtaking);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close_pool(pool);
}

/* It has no thread that could take a connection when it is woken, so it is given one. */
static void an_event_loop_is_not_overtaken(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    PGconn *conn = pools_acquire(pool);
    dsql_acquire *acquire = dsql_pool_acquire_start(pool, NULL, NULL);
    PGconn *second = NULL;
    assert_int_equal(dsql_acquire_poll(acquire, &second, NULL), PGRES_POLLING_READING);
    dsql_pool_release(pool, conn);
    assert_null(dsql_pool_try_acquire(pool, NULL, NULL));
    assert_int_equal(dsql_acquire_poll(acquire, &second, NULL), PGRES_POLLING_OK);
    assert_ptr_equal(second, conn);
    dsql_acquire_free(acquire);
    dsql_pool_release(pool, second);
    close_pool(pool);
}

/* ---- Many threads: a lost wake-up would leave one of them waiting for ever ---- */

struct crowd {
    dsql_pool *pool;
    atomic_int inside, too_many, acquired, timeouts;
};

static void have(struct crowd *crowd, PGconn *conn)
{
    if (atomic_fetch_add(&crowd->inside, 1) >= PLACES) {
        atomic_fetch_add(&crowd->too_many, 1);
    }
    if (PQtransactionStatus(conn) != PQTRANS_IDLE) {
        atomic_fetch_add(&crowd->too_many, 1);
    }
    atomic_fetch_add(&crowd->acquired, 1);
    if (atomic_load(&crowd->acquired) % 8 == 0) {
        sched_yield();
    }
    atomic_fetch_sub(&crowd->inside, 1);
    dsql_pool_release(crowd->pool, conn);
}

static PGconn *acquire_as_an_event_loop_does(dsql_pool *pool)
{
    PGconn *conn = NULL;
    dsql_acquire *acquire = dsql_pool_acquire_start(pool, NULL, NULL);
    while (dsql_acquire_poll(acquire, &conn, NULL) == PGRES_POLLING_READING) {
        struct pollfd ready = {.fd = dsql_acquire_socket(acquire), .events = POLLIN};
        poll(&ready, 1, dsql_acquire_wait_ms(acquire));
    }
    dsql_acquire_free(acquire);
    return conn;
}

static void *come_and_go(void *arg)
{
    struct crowd *crowd = arg;
    for (int turn = 0; turn < TURNS; turn++) {
        PGconn *conn = turn % 5 == 1   ? acquire_as_an_event_loop_does(crowd->pool)
                       : turn % 7 == 1 ? pool_acquire_within(crowd->pool, 1, NULL, NULL)
                       : turn % 3 == 1 ? dsql_pool_try_acquire(crowd->pool, NULL, NULL)
                                       : dsql_pool_acquire(crowd->pool, NULL);
        if (conn != NULL) {
            have(crowd, conn);
        } else {
            atomic_fetch_add(&crowd->timeouts, 1);
        }
    }
    return NULL;
}

static void nobody_waits_beside_a_connection(void **state)
{
    (void)state;
    struct crowd crowd = {.pool = pool_of(PLACES)};
    pthread_t threads[CROWD];
    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &crowd), 0);
    }
    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&crowd.too_many), 0);
    assert_int_equal(atomic_load(&crowd.acquired) + atomic_load(&crowd.timeouts), CROWD * TURNS);
    dsql_pool_stats stats = pools_stats(crowd.pool);
    assert_int_equal(stats.acquired, atomic_load(&crowd.acquired));
    assert_int_equal(stats.waits[0].count, stats.acquired); /* the clock stands still */
    assert_true(stats.opened <= PLACES);
    close_pool(crowd.pool);
}

/* ---- One release, and one thread that begins to wait at the same time ---- */

struct duel {
    dsql_pool *pool;
    atomic_int started, done, missed;
};

static void *wait_for_each(void *arg)
{
    struct duel *duel = arg;
    for (int i = 1; i <= DUELS; i++) {
        for (int spins = 0; atomic_load(&duel->started) < i; spins++) {
            if (spins > 1000) {
                sched_yield();
            }
        }
        struct timespec late = condition_deadline(LIMIT_MS);
        PGconn *conn = pool_acquire_within(duel->pool, LIMIT_MS, NULL, NULL);
        struct timespec now = condition_deadline(0); /* it may have been found in the last look */
        bool is_late =
            now.tv_sec > late.tv_sec || (now.tv_sec == late.tv_sec && now.tv_nsec >= late.tv_nsec);
        atomic_fetch_add(&duel->missed, conn == NULL || is_late);
        dsql_pool_release(duel->pool, conn);
        atomic_store(&duel->done, i);
    }
    return NULL;
}

/* No other release follows that could wake it. */
static void nobody_misses_the_last_release(void **state)
{
    (void)state;
    struct duel duel = {.pool = pool_of(1)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wait_for_each, &duel), 0);
    for (int i = 1; i <= DUELS && atomic_load(&duel.missed) == 0; i++) {
        PGconn *conn = pools_acquire(duel.pool);
        atomic_store(&duel.started, i);
        for (volatile int delay = 0; delay < i % 3000; delay++) {
        }
        dsql_pool_release(duel.pool, conn);
        while (atomic_load(&duel.done) < i) {
            sched_yield();
        }
    }
    assert_int_equal(atomic_load(&duel.missed), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close_pool(duel.pool);
}

/* The thread may still be in dsql_pool_release() when its connection is found and closed. */
static void a_pool_is_not_freed_under_a_release(void **state)
{
    (void)state;
    for (int i = 0; i < CLOSINGS; i++) {
        dsql_pool *pool = pool_of(1);
        void *both[] = {pool, pools_acquire(pool)};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, release_it, both), 0);
        assert_int_equal(dsql_pool_close(pool, -1), DSQL_OK);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_used_a_moment_ago_is_not_looked_at),
        cmocka_unit_test(a_dead_connection_is_found_after_that_moment),
        cmocka_unit_test(after_a_clock_went_back_a_dead_connection_is_found),
        cmocka_unit_test(the_other_acquires_look_after_that_moment_too),
        cmocka_unit_test(a_changed_session_is_reset),
        cmocka_unit_test(a_reported_parameter_is_reset),
        cmocka_unit_test(no_transaction_is_left_open),
        cmocka_unit_test(a_connection_that_is_too_old_is_closed),
        cmocka_unit_test(the_connection_used_last_comes_first),
        cmocka_unit_test(threads_pass_one_connection_on),
        cmocka_unit_test(numbers_are_exact),
        cmocka_unit_test(a_second_release_is_a_mistake),
        cmocka_unit_test(a_connection_that_its_user_closes_is_forgotten),
        cmocka_unit_test(a_release_reaches_a_thread_that_waits),
        cmocka_unit_test(a_thread_that_has_waited_for_long_is_not_overtaken),
        cmocka_unit_test(an_event_loop_is_not_overtaken),
        cmocka_unit_test(nobody_waits_beside_a_connection),
        cmocka_unit_test(nobody_misses_the_last_release),
        cmocka_unit_test(a_pool_is_not_freed_under_a_release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
