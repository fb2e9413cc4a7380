/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Acquiring in an event loop.  poll() waits only for what another thread really does. */
#include "base/error.h"
#include "pools.h"
#include "postgres.h"
#include "unit.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- A connector that can be stopped, and that notes its thread ---- */

static atomic_bool is_gate_closed;
static atomic_int at_gate;
static atomic_int opens_to_fail;
static pthread_t loop_thread;
static atomic_int opened_in_loop;

static PGconn *open_at_gate(void *arg, int64_t deadline_ms, dsql_error *err)
{
    (void)arg;
    (void)deadline_ms;
    if (pthread_equal(loop_thread, pthread_self()) != 0) {
        atomic_fetch_add(&opened_in_loop, 1);
    }
    atomic_fetch_add(&at_gate, 1);
    while (atomic_load(&is_gate_closed)) {
        sched_yield();
    }
    atomic_fetch_sub(&at_gate, 1);
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
    return parts;
}

static dsql_pool *pool_of(int max)
{
    struct pool_parts parts = parts_of(max);
    return pools_open(&parts);
}

static void wait_for_gate(int count)
{
    while (atomic_load(&at_gate) != count) {
        sched_yield();
    }
}

/* ---- The loop ---- */

static dsql_acquire *start(dsql_pool *pool)
{
    dsql_error err = {0};
    dsql_acquire *acquire = dsql_pool_acquire_start(pool, DSQL_HERE, &err);
    if (acquire == NULL) {
        fail_msg("%s", err.message);
    }
    return acquire;
}

static bool is_readable(const dsql_acquire *acquire)
{
    struct pollfd fd = {.fd = dsql_acquire_socket(acquire), .events = POLLIN};
    return poll(&fd, 1, 0) == 1;
}

static void expect_reading(dsql_acquire *acquire)
{
    PGconn *conn = NULL;
    assert_int_equal(dsql_acquire_poll(acquire, &conn, NULL), PGRES_POLLING_READING);
    assert_null(conn);
    assert_true(dsql_acquire_socket(acquire) >= 0);
}

static PGconn *expect_ok(dsql_acquire *acquire)
{
    PGconn *conn = NULL;
    dsql_error err = {0};
    if (dsql_acquire_poll(acquire, &conn, &err) != PGRES_POLLING_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(PQisnonblocking(conn), 0);
    return conn;
}

static void expect_failure(dsql_acquire *acquire, dsql_status status, const char *words)
{
    PGconn *conn = NULL;
    dsql_error err = {0};
    assert_int_equal(dsql_acquire_poll(acquire, &conn, &err), PGRES_POLLING_FAILED);
    assert_null(conn);
    assert_int_equal(err.status, status);
    assert_non_null(strstr(err.message, words));
}

/* Until it is decided. */
static PostgresPollingStatusType run(dsql_acquire *acquire, PGconn **conn, dsql_error *err)
{
    PostgresPollingStatusType status = dsql_acquire_poll(acquire, conn, err);
    while (status == PGRES_POLLING_READING) {
        struct pollfd fd = {.fd = dsql_acquire_socket(acquire), .events = POLLIN};
        assert_int_equal(poll(&fd, 1, 60000), 1);
        status = dsql_acquire_poll(acquire, conn, err);
    }
    return status;
}

static PGconn *run_to_ok(dsql_acquire *acquire)
{
    PGconn *conn = NULL;
    dsql_error err = {0};
    if (run(acquire, &conn, &err) != PGRES_POLLING_OK) {
        fail_msg("%s", err.message);
    }
    return conn;
}

static void run_to_failure(dsql_acquire *acquire, dsql_status status, const char *words)
{
    PGconn *conn = NULL;
    dsql_error err = {0};
    assert_int_equal(run(acquire, &conn, &err), PGRES_POLLING_FAILED);
    assert_int_equal(err.status, status);
    assert_non_null(strstr(err.message, words));
}

static void close_unused(dsql_pool *pool)
{
    assert_int_equal(pools_stats(pool).in_use, 0);
    assert_int_equal(pools_stats(pool).waiting, 0);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

/* ---- The ways to a connection ---- */

static void an_idle_connection_is_returned_at_once_without_a_descriptor(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    dsql_acquire *acquire = start(pool);
    assert_int_equal(dsql_acquire_wait_ms(acquire), 0);
    PGconn *conn = expect_ok(acquire);
    assert_int_equal(dsql_acquire_socket(acquire), -1);
    assert_true(pools_works(conn));
    dsql_acquire_free(acquire); /* the connection is not affected */
    assert_true(pools_works(conn));
    dsql_pool_release(pool, conn);
    assert_int_equal(pools_stats(pool).acquired, 1);
    close_unused(pool);
}

static void a_connection_is_opened_on_another_thread(void **state)
{
    (void)state;
    atomic_store(&opened_in_loop, 0);
    dsql_pool *pool = pool_of(2); /* the first connection is opened here */
    PGconn *lent = pools_acquire(pool);
    atomic_store(&is_gate_closed, true);
    dsql_acquire *acquire = start(pool);
    expect_reading(acquire);
    wait_for_gate(1);
    assert_false(is_readable(acquire));
    atomic_store(&is_gate_closed, false);
    PGconn *conn = run_to_ok(acquire);
    assert_int_equal(atomic_load(&opened_in_loop), 1);
    assert_true(pools_works(conn));
    dsql_acquire_free(acquire);
    dsql_pool_release(pool, conn);
    dsql_pool_release(pool, lent);
    close_unused(pool);
}

static void a_dead_connection_is_replaced(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    postgres_kill_backends();
    dsql_acquire *acquire = start(pool);
    PGconn *conn = run_to_ok(acquire);
    assert_true(pools_works(conn));
    assert_int_equal(pools_stats(pool).opened, 2);
    dsql_acquire_free(acquire);
    dsql_pool_release(pool, conn);
    close_unused(pool);
}

static void a_check_that_is_due_is_not_made_in_the_loop(void **state)
{
    (void)state;
    struct pool_parts parts = parts_of(1);
    parts.pool.validate_idle_s = 30;
    dsql_pool *pool = pools_open(&parts);
    atomic_fetch_add(&pools_time.now_ms, 31000);
    dsql_acquire *acquire = start(pool);
    expect_reading(acquire); /* the round trip is made on another thread */
    PGconn *conn = run_to_ok(acquire);
    assert_int_equal(pools_stats(pool).opened, 1);
    dsql_acquire_free(acquire);
    dsql_pool_release(pool, conn);
    close_unused(pool);
}

static void a_failed_connect_is_reported_and_frees_its_slot(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    PQfinish(pools_acquire(pool));
    atomic_store(&opens_to_fail, 1);
    dsql_acquire *acquire = start(pool);
    run_to_failure(acquire, DSQL_ERR_CONNECT, "refused by the test");
    expect_failure(acquire, DSQL_ERR_USAGE, "again"); /* it is over */
    dsql_acquire_free(acquire);
    dsql_pool_release(pool, pools_acquire(pool));
    close_unused(pool);
}

/* ---- Hooks ---- */

struct hooks {
    pthread_t loop;
    atomic_int in_loop, elsewhere, acquires_to_fail;
};

static dsql_status hook(PGconn *conn, void *arg, dsql_error *err)
{
    struct hooks *hooks = arg;
    (void)conn;
    bool is_in_loop = pthread_equal(hooks->loop, pthread_self()) != 0;
    atomic_fetch_add(is_in_loop ? &hooks->in_loop : &hooks->elsewhere, 1);
    if (atomic_load(&hooks->acquires_to_fail) == 0) {
        return DSQL_OK;
    }
    atomic_fetch_sub(&hooks->acquires_to_fail, 1);
    return (fail)(err, DSQL_ERR_CALLBACK, "the hook says no");
}

static void hooks_do_not_run_in_the_loop(void **state)
{
    (void)state;
    struct hooks hooks = {.loop = pthread_self()};
    struct pool_parts parts = parts_of(1);
    parts.pool.on_acquire = hook;
    parts.pool.on_acquire_arg = &hooks;
    dsql_pool *pool = pools_open(&parts);
    dsql_acquire *acquire = start(pool);
    dsql_pool_release(pool, run_to_ok(acquire));
    dsql_acquire_free(acquire);
    assert_int_equal(atomic_load(&hooks.in_loop), 0);
    assert_int_equal(atomic_load(&hooks.elsewhere), 1);

    atomic_store(&hooks.acquires_to_fail, 2);
    acquire = start(pool);
    run_to_failure(acquire, DSQL_ERR_CALLBACK, "the hook says no");
    dsql_acquire_free(acquire);
    assert_int_equal(pools_stats(pool).open, 0);
    close_unused(pool);
}

static void a_connection_that_on_acquire_has_seen_is_not_left_to_others(void **state)
{
    (void)state;
    struct hooks hooks = {.loop = pthread_self()};
    struct pool_parts parts = parts_of(1);
    parts.pool.on_acquire = hook;
    parts.pool.on_acquire_arg = &hooks;
    dsql_pool *pool = pools_open(&parts);
    dsql_acquire *acquire = start(pool);
    expect_reading(acquire);
    while (!is_readable(acquire)) {
        sched_yield();
    }
    dsql_acquire_free(acquire);
    assert_int_equal(pools_stats(pool).open, 0);
    close_unused(pool);
}

/* ---- The queue ---- */

struct customer {
    dsql_pool *pool;
    atomic_bool is_served;
    atomic_bool may_leave;
};

static void *visit(void *arg)
{
    struct customer *customer = arg;
    PGconn *conn = pools_acquire(customer->pool);
    atomic_store(&customer->is_served, true);
    while (!atomic_load(&customer->may_leave)) {
        sched_yield();
    }
    dsql_pool_release(customer->pool, conn);
    return NULL;
}

static void wait_for_waiting(dsql_pool *pool, int count)
{
    while (pools_stats(pool).waiting != count) {
        sched_yield();
    }
}

static void loops_and_threads_are_served_in_order(void **state)
{
    (void)state;
    struct pool_parts parts = parts_of(1);
    parts.pool.acquire_timeout_ms = -1;
    dsql_pool *pool = pools_open(&parts);
    PGconn *lent = pools_acquire(pool);
    dsql_acquire *first = start(pool);
    assert_int_equal(dsql_acquire_wait_ms(first), -1);
    struct customer customer = {.pool = pool};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, visit, &customer), 0);
    wait_for_waiting(pool, 2);
    dsql_acquire *last = start(pool);
    expect_reading(first);
    expect_reading(last);

    dsql_pool_release(pool, lent);
    assert_true(is_readable(first));
    assert_false(atomic_load(&customer.is_served));
    PGconn *conn = expect_ok(first);
    assert_ptr_equal(conn, lent);
    dsql_pool_release(pool, conn);
    while (!atomic_load(&customer.is_served)) {
        sched_yield();
    }
    assert_false(is_readable(last));
    atomic_store(&customer.may_leave, true);
    conn = run_to_ok(last);
    assert_ptr_equal(conn, lent);
    pthread_join(thread, NULL);
    dsql_pool_release(pool, conn);
    dsql_acquire_free(first);
    dsql_acquire_free(last);
    close_unused(pool);
}

static void nobody_overtakes_a_loop_that_was_served(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    PGconn *lent = pools_acquire(pool);
    dsql_acquire *first = start(pool);
    dsql_acquire *second = start(pool);
    dsql_pool_release(pool, lent);
    expect_reading(second); /* the slot is the first one's, even before it looks */
    assert_null(dsql_pool_try_acquire(pool, NULL, NULL));
    dsql_pool_release(pool, expect_ok(first));
    dsql_pool_release(pool, run_to_ok(second));
    dsql_acquire_free(second);
    dsql_acquire_free(first);
    close_unused(pool);
}

enum { MANY = 100, FEW = 3 };

static void many_are_served_by_few_connections(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(FEW);
    dsql_acquire *acquires[MANY];
    for (int i = 0; i < MANY; i++) {
        acquires[i] = start(pool);
    }
    for (int i = 0; i < MANY; i++) {
        PGconn *conn = run_to_ok(acquires[i]);
        assert_true(pools_works(conn));
        dsql_acquire_free(acquires[i]);
        dsql_pool_release(pool, conn);
    }
    assert_true(pools_stats(pool).opened <= FEW);
    assert_int_equal(pools_stats(pool).acquired, MANY);
    close_unused(pool);
}

/* ---- Time limits ---- */

static void waiting_in_the_queue_ends_in_time(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    PGconn *lent = pools_acquire(pool);
    dsql_acquire *acquire = start(pool);
    assert_int_equal(dsql_acquire_wait_ms(acquire), 1000);
    atomic_fetch_add(&pools_time.now_ms, 999);
    assert_int_equal(dsql_acquire_wait_ms(acquire), 1);
    expect_reading(acquire);
    atomic_fetch_add(&pools_time.now_ms, 1);
    assert_int_equal(dsql_acquire_wait_ms(acquire), 0);
    expect_failure(acquire, DSQL_ERR_TIMEOUT, "1 of 1 are in use");
    assert_int_equal(pools_stats(pool).timeouts, 1);
    assert_int_equal(pools_stats(pool).waiting, 0);
    dsql_acquire_free(acquire);
    dsql_pool_release(pool, lent);
    close_unused(pool);
}

static void a_slot_that_comes_with_the_timeout_is_taken(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    PGconn *lent = pools_acquire(pool);
    dsql_acquire *acquire = start(pool);
    dsql_pool_release(pool, lent);
    atomic_fetch_add(&pools_time.now_ms, 5000);
    dsql_pool_release(pool, expect_ok(acquire));
    dsql_acquire_free(acquire);
    close_unused(pool);
}

static void opening_ends_in_time_and_the_connection_is_kept(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(2);
    PGconn *lent = pools_acquire(pool);
    atomic_store(&is_gate_closed, true);
    dsql_acquire *acquire = start(pool);
    expect_reading(acquire);
    wait_for_gate(1);
    atomic_fetch_add(&pools_time.now_ms, 1000);
    expect_reading(acquire); /* its own, better error may come */
    assert_true(dsql_acquire_wait_ms(acquire) > 0);
    atomic_fetch_add(&pools_time.now_ms, 1000);
    assert_int_equal(dsql_acquire_wait_ms(acquire), 0);
    expect_failure(acquire, DSQL_ERR_TIMEOUT, "within 1000 ms");
    dsql_acquire_free(acquire);
    atomic_store(&is_gate_closed, false);
    while (pools_stats(pool).idle != 1) {
        sched_yield();
    }
    dsql_pool_release(pool, lent);
    close_unused(pool);
}

/* ---- Giving up ---- */

static void giving_up_in_the_queue_leaves_it(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    PGconn *lent = pools_acquire(pool);
    dsql_acquire *first = start(pool);
    dsql_acquire *second = start(pool);
    expect_reading(first);
    dsql_acquire_free(first);
    assert_int_equal(pools_stats(pool).waiting, 1);
    dsql_pool_release(pool, lent);
    dsql_pool_release(pool, expect_ok(second));
    dsql_acquire_free(second);
    close_unused(pool);
}

static void giving_up_when_served_serves_the_next(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    PGconn *lent = pools_acquire(pool);
    dsql_acquire *first = start(pool);
    dsql_acquire *second = start(pool);
    dsql_pool_release(pool, lent);
    dsql_acquire_free(first);
    dsql_pool_release(pool, expect_ok(second));
    dsql_acquire_free(second);
    dsql_acquire_free(start(pool)); /* served at once, and never polled */
    assert_int_equal(pools_stats(pool).idle, 1);
    dsql_acquire *empty = NULL;
    PQfinish(pools_acquire(pool));
    empty = start(pool); /* a slot without a connection */
    dsql_acquire_free(empty);
    assert_int_equal(pools_stats(pool).open, 0);
    close_unused(pool);
}

static void giving_up_does_not_postpone_a_check(void **state)
{
    (void)state;
    struct pool_parts parts = parts_of(1);
    parts.pool.validate_idle_s = 30;
    dsql_pool *pool = pools_open(&parts);
    atomic_fetch_add(&pools_time.now_ms, 31000);
    dsql_acquire_free(start(pool));
    dsql_acquire *acquire = start(pool);
    expect_reading(acquire);
    dsql_pool_release(pool, run_to_ok(acquire));
    dsql_acquire_free(acquire);
    close_unused(pool);
}

static void giving_up_while_it_opens_keeps_the_connection(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    PQfinish(pools_acquire(pool));
    atomic_store(&is_gate_closed, true);
    dsql_acquire *acquire = start(pool);
    expect_reading(acquire);
    wait_for_gate(1);
    dsql_acquire_free(acquire);
    dsql_acquire *next = start(pool);
    expect_reading(next);
    atomic_store(&is_gate_closed, false);
    dsql_pool_release(pool, run_to_ok(next)); /* gets what was opened for the other */
    assert_int_equal(pools_stats(pool).opened, 2);
    dsql_acquire_free(next);
    close_unused(pool);
}

/* ---- Closing the pool ---- */

static void closing_ends_the_wait(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    PGconn *lent = pools_acquire(pool);
    dsql_acquire *acquire = start(pool);
    expect_reading(acquire);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_ERR_TIMEOUT);
    assert_true(is_readable(acquire));
    expect_failure(acquire, DSQL_ERR_CLOSED, "closing");
    dsql_error err = {0};
    assert_null(dsql_pool_acquire_start(pool, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_CLOSED);
    dsql_pool_release(pool, lent);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_ERR_TIMEOUT); /* until the object is freed */
    dsql_acquire_free(acquire);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void closing_waits_for_a_connection_that_is_being_opened(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(2);
    PGconn *lent = pools_acquire(pool);
    atomic_store(&is_gate_closed, true);
    dsql_acquire *acquire = start(pool);
    expect_reading(acquire);
    wait_for_gate(1);
    dsql_acquire_free(acquire);
    dsql_pool_release(pool, lent);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_ERR_TIMEOUT);
    atomic_store(&is_gate_closed, false);
    assert_int_equal(dsql_pool_close(pool, -1), DSQL_OK);
}

/* ---- What can be missing ---- */

static void without_descriptors_it_says_so(void **state)
{
    (void)state;
    dsql_pool *pool = pool_of(1);
    PGconn *lent = pools_acquire(pool);
    struct rlimit usual;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = usual.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    dsql_error err = {0};
    assert_null(dsql_pool_acquire_start(pool, NULL, &err));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    assert_int_equal(err.status, DSQL_ERR_SYSTEM);
    assert_true(err.os_errno != 0);
    dsql_pool_release(pool, lent);
    close_unused(pool);
}

static void null_is_harmless(void **state)
{
    (void)state;
    dsql_error err = {0};
    assert_null(dsql_pool_acquire_start(NULL, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_USAGE);
    PGconn *conn = NULL;
    assert_int_equal(dsql_acquire_poll(NULL, &conn, &err), PGRES_POLLING_FAILED);
    assert_int_equal(dsql_acquire_socket(NULL), -1);
    assert_int_equal(dsql_acquire_wait_ms(NULL), -1);
    dsql_acquire_free(NULL);
}

/* ---- Many loops and threads at once ---- */

enum { LOOPS = 4, THREADS = 4, TURNS = 100, PLACES = 3 };

static void *loop_for_a_while(void *arg)
{
    dsql_pool *pool = arg;
    for (int turn = 0; turn < TURNS; turn++) {
        dsql_acquire *acquire = start(pool);
        PGconn *conn = NULL;
        PostgresPollingStatusType status = dsql_acquire_poll(acquire, &conn, NULL);
        if (turn % 5 != 0 && status == PGRES_POLLING_READING) {
            status = run(acquire, &conn, NULL);
        }
        dsql_acquire_free(acquire);
        if (status == PGRES_POLLING_OK && turn % 7 == 0) {
            PQfinish(conn);
        } else if (status == PGRES_POLLING_OK) {
            dsql_pool_release(pool, conn);
        }
    }
    return NULL;
}

static void *block_for_a_while(void *arg)
{
    dsql_pool *pool = arg;
    for (int turn = 0; turn < TURNS; turn++) {
        PGconn *conn = pools_acquire(pool);
        dsql_pool_release(pool, conn);
        dsql_pool_release(pool, dsql_pool_try_acquire(pool, NULL, NULL));
    }
    return NULL;
}

static void loops_and_threads_share_a_pool(void **state)
{
    (void)state;
    struct pool_parts parts = parts_of(PLACES);
    parts.pool.acquire_timeout_ms = -1;
    dsql_pool *pool = pools_open(&parts);
    pthread_t threads[LOOPS + THREADS];
    for (int i = 0; i < LOOPS + THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL,
                                        i < LOOPS ? loop_for_a_while : block_for_a_while, pool),
                         0);
    }
    for (int i = 0; i < LOOPS + THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(dsql_pool_close(pool, -1), DSQL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_connection_is_returned_at_once_without_a_descriptor),
        cmocka_unit_test(a_connection_is_opened_on_another_thread),
        cmocka_unit_test(a_dead_connection_is_replaced),
        cmocka_unit_test(a_check_that_is_due_is_not_made_in_the_loop),
        cmocka_unit_test(a_failed_connect_is_reported_and_frees_its_slot),
        cmocka_unit_test(hooks_do_not_run_in_the_loop),
        cmocka_unit_test(a_connection_that_on_acquire_has_seen_is_not_left_to_others),
        cmocka_unit_test(loops_and_threads_are_served_in_order),
        cmocka_unit_test(nobody_overtakes_a_loop_that_was_served),
        cmocka_unit_test(many_are_served_by_few_connections),
        cmocka_unit_test(waiting_in_the_queue_ends_in_time),
        cmocka_unit_test(a_slot_that_comes_with_the_timeout_is_taken),
        cmocka_unit_test(opening_ends_in_time_and_the_connection_is_kept),
        cmocka_unit_test(giving_up_in_the_queue_leaves_it),
        cmocka_unit_test(giving_up_when_served_serves_the_next),
        cmocka_unit_test(giving_up_does_not_postpone_a_check),
        cmocka_unit_test(giving_up_while_it_opens_keeps_the_connection),
        cmocka_unit_test(closing_ends_the_wait),
        cmocka_unit_test(closing_waits_for_a_connection_that_is_being_opened),
        cmocka_unit_test(without_descriptors_it_says_so),
        cmocka_unit_test(null_is_harmless),
        cmocka_unit_test(loops_and_threads_share_a_pool),
    };
    loop_thread = pthread_self();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
