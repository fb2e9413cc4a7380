/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * leak_warn_s.  The clock is the test's.  pool_min_idle is 1, so each acquire wakes the maintenance
 * thread, and one more idle connection shows that it has looked at the time.
 */
#include "pool/place.h"
#include "pools.h"
#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

enum { SLOTS = 8, LEAK_S = 60 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int warnings;
static char last_warning[512];

static void note(void *arg, dsql_log_level level, const char *message)
{
    (void)arg;
    pthread_mutex_lock(&lock);
    if (level == DSQL_LOG_WARN) {
        warnings++;
        snprintf(last_warning, sizeof last_warning, "%s", message);
    }
    pthread_mutex_unlock(&lock);
}

static dsql_pool *pool_that_warns(int leak_warn_s)
{
    warnings = 0;
    struct pool_parts parts = pools_parts(SLOTS, 1000);
    parts.pool.min_idle = 1;
    parts.pool.leak_warn_s = leak_warn_s;
    parts.retry.timeout_ms = -1; /* or the body would be cut off first */
    parts.logger.write = note;
    return pools_open(&parts);
}

static void expect_warnings(int count, const char *words)
{
    pthread_mutex_lock(&lock);
    assert_int_equal(warnings, count);
    assert_true(count == 0 || strstr(last_warning, words) != NULL);
    pthread_mutex_unlock(&lock);
}

/* The maintenance thread opens after it has looked for leaks. */
static void wait_for_maintenance(dsql_pool *pool)
{
    while (pools_stats(pool).idle < 1) {
        sched_yield();
    }
}

static PGconn *lend_at(dsql_pool *pool, const char *place)
{
    wait_for_maintenance(pool);
    PGconn *conn = dsql_pool_acquire_at(pool, place, NULL);
    assert_non_null(conn);
    wait_for_maintenance(pool);
    return conn;
}

static void a_connection_that_is_lent_for_too_long_is_logged_once(void **state)
{
    (void)state;
    dsql_pool *pool = pool_that_warns(LEAK_S);
    PGconn *lent[4];
    lent[0] = lend_at(pool, "checkout.c:120");
    atomic_fetch_add(&pools_time.now_ms, LEAK_S * 1000 - 1);
    lent[1] = lend_at(pool, "cart.c:7");
    expect_warnings(0, "");
    atomic_fetch_add(&pools_time.now_ms, 1);
    lent[2] = lend_at(pool, NULL);
    expect_warnings(1, "acquired at checkout.c:120 has been in use for more than 60 s");
    lent[3] = lend_at(pool, NULL);
    expect_warnings(1, "checkout.c:120");
    assert_int_equal(pools_stats(pool).leaks, 1);
    for (int i = 0; i < 4; i++) {
        dsql_pool_release(pool, lent[i]);
    }
    assert_int_equal(dsql_pool_close(pool, -1), DSQL_OK);
}

static void the_next_loan_of_a_connection_is_a_new_one(void **state)
{
    (void)state;
    dsql_pool *pool = pool_that_warns(LEAK_S);
    dsql_pool_release(pool, lend_at(pool, "first"));
    atomic_fetch_add(&pools_time.now_ms, LEAK_S * 1000);
    PGconn *second = lend_at(pool, NULL);
    expect_warnings(0, "");
    atomic_fetch_add(&pools_time.now_ms, LEAK_S * 1000);
    PGconn *third = lend_at(pool, "third");
    expect_warnings(1, "acquired at an unnamed place (see dsql_pool_acquire_at())");
    dsql_pool_release(pool, second);
    dsql_pool_release(pool, third);
    assert_int_equal(dsql_pool_close(pool, -1), DSQL_OK);
}

static void a_long_place_keeps_its_end(void **state)
{
    (void)state;
    dsql_pool *pool = pool_that_warns(LEAK_S);
    char place[200];
    memset(place, 'x', sizeof place);
    memcpy(place + sizeof place - sizeof "/checkout.c:120", "/checkout.c:120",
           sizeof "/checkout.c:120");
    PGconn *lent = lend_at(pool, place);
    memset(place, 'y', sizeof place); /* it was copied */
    atomic_fetch_add(&pools_time.now_ms, LEAK_S * 1000);
    PGconn *other = lend_at(pool, NULL);
    expect_warnings(1, "at xxxxxxxx");
    expect_warnings(1, "x/checkout.c:120 has");
    dsql_pool_release(pool, lent);
    dsql_pool_release(pool, other);
    assert_int_equal(dsql_pool_close(pool, -1), DSQL_OK);
}

static void a_place_is_not_cut_inside_a_character(void **state)
{
    (void)state;
    char place[PLACE_SIZE];
    char given[PLACE_SIZE + 2];
    memset(given, 'x', sizeof given);
    memcpy(given, "\xE2\x82\xAC", 3); /* three bytes, of which two are cut off */
    given[sizeof given - 1] = '\0';
    place_copy(given, place); /* NOLINT(readability-suspicious-call-argument) */
    assert_int_equal(strlen(place), PLACE_SIZE - 2);
    assert_int_equal(place[0], 'x');
    place_copy(NULL, place);
    assert_string_equal(place, "");
}

static void a_transaction_names_its_place(void **state)
{
    (void)state;
    dsql_pool *pool = pool_that_warns(LEAK_S);
    PGconn *conn = NULL;
    dsql_error err = {0};
    DSQL_TRANSACTION(pool, conn, &err) {
        atomic_fetch_add(&pools_time.now_ms, LEAK_S * 1000);
        dsql_pool_release(pool, lend_at(pool, NULL));
        expect_warnings(1, "test_leaks.c:");
    }
    assert_int_equal(err.status, DSQL_OK);
    assert_int_equal(dsql_pool_close(pool, -1), DSQL_OK);
}

static dsql_status lend_for_long(PGconn *conn, void *pool, dsql_error *err)
{
    (void)conn;
    (void)err;
    atomic_fetch_add(&pools_time.now_ms, LEAK_S * 1000);
    dsql_pool_release(pool, lend_at(pool, NULL));
    return DSQL_OK;
}

static void the_options_of_a_transaction_name_its_place(void **state)
{
    (void)state;
    dsql_pool *pool = pool_that_warns(LEAK_S);
    assert_int_equal(dsql_transaction_with(pool, DSQL_TRANSACTION_OPTIONS(.place = "checkout"),
                                           lend_for_long, pool, NULL),
                     DSQL_OK);
    expect_warnings(1, "acquired at checkout has");
    assert_int_equal(dsql_pool_close(pool, -1), DSQL_OK);
}

static void nothing_is_logged_by_default(void **state)
{
    (void)state;
    dsql_pool *pool = pool_that_warns(0);
    PGconn *lent = lend_at(pool, "checkout.c:120");
    atomic_fetch_add(&pools_time.now_ms, LEAK_S * 1000);
    dsql_pool_release(pool, lend_at(pool, NULL));
    expect_warnings(0, "");
    dsql_pool_release(pool, lent);
    assert_int_equal(dsql_pool_close(pool, -1), DSQL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_that_is_lent_for_too_long_is_logged_once),
        cmocka_unit_test(the_next_loan_of_a_connection_is_a_new_one),
        cmocka_unit_test(a_long_place_keeps_its_end),
        cmocka_unit_test(a_place_is_not_cut_inside_a_character),
        cmocka_unit_test(a_transaction_names_its_place),
        cmocka_unit_test(the_options_of_a_transaction_name_its_place),
        cmocka_unit_test(nothing_is_logged_by_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
