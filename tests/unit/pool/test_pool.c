/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The pool with a plain PostgreSQL, and with the test's connector and clock. */
#include "base/error.h"
#include "pool/pool.h"
#include "postgres.h"
#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

enum { THREADS = 64, PLACES = 4, ROUNDS = 10 };

static atomic_int connects_to_fail;
static atomic_llong time_ms;

static PGconn *open_plain(void *arg, int64_t deadline_ms, dsql_error *err)
{
    (void)arg;
    (void)deadline_ms;
    if (atomic_load(&connects_to_fail) > 0) {
        atomic_fetch_sub(&connects_to_fail, 1);
        (fail)(err, DSQL_ERR_CONNECT, "refused by the test");
        return NULL;
    }
    return PQconnectdb(postgres_conninfo());
}

static int64_t test_ms(void *arg)
{
    (void)arg;
    return atomic_load(&time_ms);
}

static const struct clock test_clock = {.monotonic_ms = test_ms};

static uint64_t no_jitter(void *arg)
{
    (void)arg;
    return 0;
}

static const struct random_source test_random = {.next = no_jitter};

static struct pool_parts parts_with(int max, int acquire_timeout_ms)
{
    return (struct pool_parts){
        .pool = {.max = max,
                 .max_lifetime_s = 3300,
                 .max_idle_s = 600,
                 .acquire_timeout_ms = acquire_timeout_ms},
        .connector = {.open = open_plain},
        .clock = &test_clock,
        .random = &test_random,
    };
}

static dsql_pool *pool_from(const struct pool_parts *parts)
{
    dsql_error err = {0};
    dsql_pool *pool = pool_open_with(parts, &err);
    if (pool == NULL) {
        fail_msg("%s", err.message);
    }
    return pool;
}

static dsql_pool *pool_with(int max, int acquire_timeout_ms)
{
    struct pool_parts parts = parts_with(max, acquire_timeout_ms);
    return pool_from(&parts);
}

static PGconn *acquire(dsql_pool *pool)
{
    dsql_error err = {0};
    PGconn *conn = dsql_pool_acquire(pool, &err);
    if (conn == NULL) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(PQstatus(conn), CONNECTION_OK);
    return conn;
}

static dsql_pool_stats stats_of(dsql_pool *pool)
{
    dsql_pool_stats stats;
    dsql_pool_get_stats(pool, &stats);
    return stats;
}

static void run(PGconn *conn, const char *sql)
{
    PQclear(PQexec(conn, sql));
}

static void wait_for_waiting(dsql_pool *pool, int count)
{
    while (stats_of(pool).waiting != count) {
        sched_yield();
    }
}

/* ---- Acquiring ---- */

static void acquire_returns_the_connection_opened_first(void **state)
{
    (void)state;
    dsql_pool *pool = pool_with(PLACES, 1000);
    assert_int_equal(stats_of(pool).idle, 1);
    PGconn *conn = acquire(pool);
    assert_int_equal(stats_of(pool).open, 1);
    assert_int_equal(stats_of(pool).in_use, 1);
    dsql_pool_release(pool, conn);
    assert_ptr_equal(acquire(pool), conn);
    dsql_pool_release(pool, conn);
    assert_int_equal(stats_of(pool).acquired, 2);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void pool_does_not_open_without_a_connection(void **state)
{
    (void)state;
    struct pool_parts parts = parts_with(2, 0);
    dsql_error err = {0};
    atomic_store(&connects_to_fail, 1);
    assert_null(pool_open_with(&parts, &err));
    assert_int_equal(err.status, DSQL_ERR_CONNECT);
    assert_string_equal(err.message, "refused by the test");
}

static void failed_connect_frees_its_slot(void **state)
{
    (void)state;
    dsql_pool *pool = pool_with(1, 1000);
    PQfinish(acquire(pool));
    atomic_store(&connects_to_fail, 1);
    assert_null(dsql_pool_acquire(pool, NULL));
    dsql_pool_release(pool, acquire(pool));
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void acquire_times_out_and_says_what_to_do(void **state)
{
    (void)state;
    dsql_pool *pool = pool_with(1, 20);
    PGconn *conn = acquire(pool);
    dsql_error err = {0};
    assert_null(dsql_pool_acquire(pool, &err));
    assert_int_equal(err.status, DSQL_ERR_TIMEOUT);
    assert_non_null(strstr(err.message, "1 of 1 are in use"));
    assert_non_null(strstr(err.message, "pool_max"));
    assert_int_equal(stats_of(pool).timeouts, 1);
    assert_int_equal(stats_of(pool).waiting, 0);
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

/* ---- Releasing ---- */

static void release_rolls_back(void **state)
{
    (void)state;
    dsql_pool *pool = pool_with(1, 1000);
    PGconn *conn = acquire(pool);
    run(conn, "BEGIN");
    dsql_pool_release(pool, conn);
    assert_ptr_equal(acquire(pool), conn);
    assert_int_equal(PQtransactionStatus(conn), PQTRANS_IDLE);
    run(conn, "BEGIN");
    run(conn, "no such statement");
    dsql_pool_release(pool, conn);
    assert_ptr_equal(acquire(pool), conn);
    assert_int_equal(PQtransactionStatus(conn), PQTRANS_IDLE);
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void release_closes(dsql_pool *pool, PGconn *conn)
{
    uint64_t closed = stats_of(pool).closed;
    dsql_pool_release(pool, conn);
    assert_int_equal(stats_of(pool).closed, closed + 1);
    assert_int_equal(stats_of(pool).open, 0);
}

static void release_closes_a_busy_connection(void **state)
{
    (void)state;
    dsql_pool *pool = pool_with(1, 1000);
    PGconn *conn = acquire(pool);
    run(conn, "COPY (SELECT 1) TO STDOUT");
    release_closes(pool, conn);
    conn = acquire(pool);
    assert_int_equal(PQenterPipelineMode(conn), 1);
    release_closes(pool, conn);
    conn = acquire(pool);
    assert_int_equal(PQsendQuery(conn, "SELECT 1"), 1);
    release_closes(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void release_closes_a_connection_that_broke_during_a_query(void **state)
{
    (void)state;
    dsql_pool *pool = pool_with(1, 1000);
    PGconn *conn = acquire(pool);
    assert_int_equal(PQsendQuery(conn, "SELECT pg_sleep(1000)"), 1);
    postgres_kill(PQbackendPID(conn));
    PGresult *result = PQgetResult(conn);
    while (result != NULL) {
        PQclear(result);
        result = PQgetResult(conn);
    }
    release_closes(pool, conn);
    dsql_pool_release(pool, acquire(pool));
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void release_closes_a_connection_that_is_too_old(void **state)
{
    (void)state;
    dsql_pool *pool = pool_with(1, 1000);
    PGconn *conn = acquire(pool);
    atomic_fetch_add(&time_ms, 3300 * 1000);
    release_closes(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void a_connection_that_is_too_old_is_not_handed_out(void **state)
{
    (void)state;
    dsql_pool *pool = pool_with(1, 1000);
    atomic_fetch_add(&time_ms, 600 * 1000);
    dsql_pool_release(pool, acquire(pool));
    assert_int_equal(stats_of(pool).opened, 2);
    assert_int_equal(stats_of(pool).closed, 1);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static char last_error[512];

static void keep_error(void *arg, dsql_log_level level, const char *message)
{
    (void)arg;
    if (level == DSQL_LOG_ERROR) {
        snprintf(last_error, sizeof last_error, "%s", message);
    }
}

static dsql_pool *pool_that_complains(void)
{
    struct pool_parts parts = parts_with(1, 1000);
    parts.logger.write = keep_error;
    last_error[0] = '\0';
    return pool_from(&parts);
}

static void releasing_a_connection_of_no_pool_leaves_it(void **state)
{
    (void)state;
    dsql_pool *pool = pool_that_complains();
    PGconn *stranger = postgres_connect();
    dsql_pool_release(pool, stranger);
    assert_non_null(strstr(last_error, "not in use in any pool"));
    assert_int_equal(PQstatus(stranger), CONNECTION_OK);
    PQfinish(stranger);
    last_error[0] = '\0';
    dsql_pool_release(pool, NULL);
    assert_string_equal(last_error, "");
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void releasing_twice_is_reported(void **state)
{
    (void)state;
    dsql_pool *pool = pool_that_complains();
    PGconn *conn = acquire(pool);
    dsql_pool_release(pool, conn);
    assert_string_equal(last_error, "");
    dsql_pool_release(pool, conn);
    assert_non_null(strstr(last_error, "it was released before"));
    assert_ptr_equal(acquire(pool), conn);
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void a_connection_of_another_pool_goes_back_to_it(void **state)
{
    (void)state;
    dsql_pool *pool = pool_that_complains();
    dsql_pool *owner = pool_with(1, 1000);
    PGconn *conn = acquire(owner);
    run(conn, "BEGIN");
    dsql_pool_release(pool, conn);
    assert_non_null(strstr(last_error, "belongs to another pool"));
    assert_int_equal(stats_of(pool).idle, 1);
    assert_int_equal(stats_of(owner).idle, 1);
    assert_ptr_equal(acquire(owner), conn);
    assert_int_equal(PQtransactionStatus(conn), PQTRANS_IDLE);
    assert_int_equal(dsql_pool_close(owner, 0), DSQL_ERR_TIMEOUT);
    dsql_pool_release(pool, conn); /* the owner is closing */
    assert_int_equal(dsql_pool_close(owner, 0), DSQL_OK);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void a_closing_pool_returns_the_connection_of_another(void **state)
{
    (void)state;
    dsql_pool *pool = pool_that_complains();
    dsql_pool *owner = pool_with(1, 1000);
    PGconn *own = acquire(pool);
    PGconn *conn = acquire(owner);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_ERR_TIMEOUT);
    dsql_pool_release(pool, conn);
    assert_int_equal(stats_of(owner).idle, 1);
    dsql_pool_release(owner, own);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
    assert_int_equal(dsql_pool_close(owner, 0), DSQL_OK);
}

static void pqfinish_frees_the_slot(void **state)
{
    (void)state;
    dsql_pool *pool = pool_with(1, 1000);
    for (int i = 0; i < ROUNDS; i++) {
        PQfinish(acquire(pool));
        assert_int_equal(stats_of(pool).open, 0);
        assert_int_equal(stats_of(pool).in_use, 0);
    }
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void a_connection_killed_while_idle_is_not_handed_out(void **state)
{
    (void)state;
    dsql_pool *pool = pool_with(1, 1000);
    PGconn *conn = acquire(pool);
    int pid = PQbackendPID(conn);
    dsql_pool_release(pool, conn);
    postgres_kill(pid);
    conn = acquire(pool);
    assert_int_not_equal(PQbackendPID(conn), pid);
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void a_connection_with_a_notice_while_idle_is_handed_out(void **state)
{
    (void)state;
    dsql_pool *pool = pool_with(1, 1000);
    PGconn *conn = acquire(pool);
    run(conn, "LISTEN gossip");
    dsql_pool_release(pool, conn);
    postgres_run("NOTIFY gossip");
    assert_ptr_equal(acquire(pool), conn);
    assert_int_equal(PQtransactionStatus(conn), PQTRANS_IDLE);
    assert_int_equal(stats_of(pool).opened, 1);
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

/* ---- on_connect ---- */

static dsql_status set_path(PGconn *conn, void *arg, dsql_error *err)
{
    int *calls = arg;
    (void)err;
    (*calls)++;
    run(conn, "SET search_path = elsewhere");
    return DSQL_OK;
}

static dsql_status refuse(PGconn *conn, void *arg, dsql_error *err)
{
    (void)conn;
    (void)arg;
    return (fail)(err, DSQL_ERR_CALLBACK, "not today");
}

static void on_connect_runs_once_for_each_connection(void **state)
{
    (void)state;
    int calls = 0;
    struct pool_parts parts = parts_with(1, 1000);
    parts.pool.on_connect = set_path;
    parts.pool.on_connect_arg = &calls;
    dsql_pool *pool = pool_from(&parts);
    PGconn *conn = acquire(pool);
    PGresult *result = PQexec(conn, "SHOW search_path");
    assert_string_equal(PQgetvalue(result, 0, 0), "elsewhere");
    PQclear(result);
    dsql_pool_release(pool, conn);
    dsql_pool_release(pool, acquire(pool));
    assert_int_equal(calls, 1);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void on_connect_that_fails_gives_its_own_error(void **state)
{
    (void)state;
    struct pool_parts parts = parts_with(1, 1000);
    parts.pool.on_connect = refuse;
    dsql_error err = {0};
    assert_null(pool_open_with(&parts, &err));
    assert_int_equal(err.status, DSQL_ERR_CALLBACK);
    assert_string_equal(err.message, "not today");
}

/* ---- Threads ---- */

struct crowd {
    dsql_pool *pool;
    atomic_int inside;
    atomic_int failures;
};

static void *come_and_go(void *arg)
{
    struct crowd *crowd = arg;
    for (int i = 0; i < ROUNDS; i++) {
        PGconn *conn = dsql_pool_acquire(crowd->pool, NULL);
        if (conn == NULL || atomic_fetch_add(&crowd->inside, 1) >= PLACES) {
            atomic_fetch_add(&crowd->failures, 1);
        }
        run(conn, "SELECT 1");
        atomic_fetch_sub(&crowd->inside, 1);
        if (i % 5 == 4) {
            PQfinish(conn);
        } else {
            dsql_pool_release(crowd->pool, conn);
        }
    }
    return NULL;
}

static void many_threads_share_few_slots(void **state)
{
    (void)state;
    struct crowd crowd = {.pool = pool_with(PLACES, -1)};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &crowd), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&crowd.failures), 0);
    assert_int_equal(stats_of(crowd.pool).acquired, THREADS * ROUNDS);
    assert_true(stats_of(crowd.pool).open <= PLACES);
    assert_int_equal(dsql_pool_close(crowd.pool, 0), DSQL_OK);
}

enum { QUEUE = 8 };

struct customer {
    dsql_pool *pool;
    atomic_int *served;
    int number; /* when it came */
    int turn;   /* when it was served */
    dsql_status status;
};

static void *wait_in_line(void *arg)
{
    struct customer *customer = arg;
    dsql_error err = {0};
    PGconn *conn = dsql_pool_acquire(customer->pool, &err);
    customer->status = err.status;
    if (conn != NULL) {
        customer->turn = atomic_fetch_add(customer->served, 1);
        dsql_pool_release(customer->pool, conn);
    }
    return NULL;
}

static void line_up(dsql_pool *pool, pthread_t *threads, struct customer *customers,
                    atomic_int *served)
{
    for (int i = 0; i < QUEUE; i++) {
        customers[i] = (struct customer){.pool = pool, .served = served, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, wait_in_line, &customers[i]), 0);
        wait_for_waiting(pool, i + 1);
    }
}

static void waiters_are_served_in_order(void **state)
{
    (void)state;
    dsql_pool *pool = pool_with(1, -1);
    PGconn *conn = acquire(pool);
    pthread_t threads[QUEUE];
    struct customer customers[QUEUE];
    atomic_int served = 0;
    line_up(pool, threads, customers, &served);
    dsql_pool_release(pool, conn);
    for (int i = 0; i < QUEUE; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(customers[i].turn, customers[i].number);
    }
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void after_a_failed_connect_the_next_waiter_gets_the_slot(void **state)
{
    (void)state;
    dsql_pool *pool = pool_with(1, -1);
    PGconn *conn = acquire(pool);
    pthread_t threads[QUEUE];
    struct customer customers[QUEUE];
    atomic_int served = 0;
    line_up(pool, threads, customers, &served);
    atomic_store(&connects_to_fail, 3);
    PQfinish(conn);
    for (int i = 0; i < QUEUE; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(customers[i].status, i < 3 ? DSQL_ERR_CONNECT : DSQL_OK);
    }
    assert_int_equal(atomic_load(&served), QUEUE - 3);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void closing_wakes_the_waiters(void **state)
{
    (void)state;
    dsql_pool *pool = pool_with(1, -1);
    PGconn *conn = acquire(pool);
    pthread_t threads[QUEUE];
    struct customer customers[QUEUE];
    atomic_int served = 0;
    line_up(pool, threads, customers, &served);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_ERR_TIMEOUT);
    for (int i = 0; i < QUEUE; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(customers[i].status, DSQL_ERR_CLOSED);
    }
    dsql_error err = {0};
    assert_null(dsql_pool_acquire(pool, &err));
    assert_int_equal(err.status, DSQL_ERR_CLOSED);
    dsql_pool_release(pool, conn);
    assert_int_equal(stats_of(pool).open, 0);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void *close_patiently(void *arg)
{
    return dsql_pool_close(arg, -1) == DSQL_OK ? arg : NULL;
}

static void close_waits_for_connections_in_use(void **state)
{
    (void)state;
    dsql_pool *pool = pool_with(2, 1000);
    PGconn *first = acquire(pool);
    PGconn *second = acquire(pool);
    pthread_t closer;
    assert_int_equal(pthread_create(&closer, NULL, close_patiently, pool), 0);
    dsql_pool_release(pool, first);
    PQfinish(second);
    void *closed = NULL;
    pthread_join(closer, &closed);
    assert_ptr_equal(closed, pool);
}

static void close_waits_for_pins(void **state)
{
    (void)state;
    dsql_pool *pool = pool_with(PLACES, 1000);
    pool_pin(pool);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_ERR_TIMEOUT);
    dsql_error err = {0};
    assert_null(dsql_pool_acquire(pool, &err));
    assert_int_equal(err.status, DSQL_ERR_CLOSED);
    pool_unpin(pool);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void maintenance_opens_idle_connections(void **state)
{
    (void)state;
    struct pool_parts parts = parts_with(PLACES, 1000);
    parts.pool.min_idle = 2;
    dsql_pool *pool = pool_from(&parts);
    PGconn *conn = acquire(pool);
    while (stats_of(pool).idle < 2) {
        sched_yield();
    }
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, -1), DSQL_OK);
}

static void maintenance_closes_idle_connections(void **state)
{
    (void)state;
    struct pool_parts parts = parts_with(PLACES, 1000);
    parts.clock = clock_system();
    parts.pool.max_idle_s = 1;
    dsql_pool *pool = pool_from(&parts);
    while (stats_of(pool).open > 0) {
        sched_yield();
    }
    assert_int_equal(dsql_pool_close(pool, -1), DSQL_OK);
}

static void null_is_harmless(void **state)
{
    (void)state;
    dsql_error err = {0};
    assert_null(dsql_pool_acquire(NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_USAGE);
    dsql_pool_release(NULL, NULL);
    assert_int_equal(dsql_pool_close(NULL, 0), DSQL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acquire_returns_the_connection_opened_first),
        cmocka_unit_test(pool_does_not_open_without_a_connection),
        cmocka_unit_test(failed_connect_frees_its_slot),
        cmocka_unit_test(acquire_times_out_and_says_what_to_do),
        cmocka_unit_test(release_rolls_back),
        cmocka_unit_test(release_closes_a_busy_connection),
        cmocka_unit_test(release_closes_a_connection_that_broke_during_a_query),
        cmocka_unit_test(release_closes_a_connection_that_is_too_old),
        cmocka_unit_test(a_connection_that_is_too_old_is_not_handed_out),
        cmocka_unit_test(releasing_a_connection_of_no_pool_leaves_it),
        cmocka_unit_test(releasing_twice_is_reported),
        cmocka_unit_test(a_connection_of_another_pool_goes_back_to_it),
        cmocka_unit_test(a_closing_pool_returns_the_connection_of_another),
        cmocka_unit_test(pqfinish_frees_the_slot),
        cmocka_unit_test(a_connection_killed_while_idle_is_not_handed_out),
        cmocka_unit_test(a_connection_with_a_notice_while_idle_is_handed_out),
        cmocka_unit_test(on_connect_runs_once_for_each_connection),
        cmocka_unit_test(on_connect_that_fails_gives_its_own_error),
        cmocka_unit_test(many_threads_share_few_slots),
        cmocka_unit_test(waiters_are_served_in_order),
        cmocka_unit_test(after_a_failed_connect_the_next_waiter_gets_the_slot),
        cmocka_unit_test(closing_wakes_the_waiters),
        cmocka_unit_test(close_waits_for_connections_in_use),
        cmocka_unit_test(close_waits_for_pins),
        cmocka_unit_test(maintenance_opens_idle_connections),
        cmocka_unit_test(maintenance_closes_idle_connections),
        cmocka_unit_test(null_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
