/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "pool/connect_backoff.h"
#include "unit.h"

static uint64_t chosen(void *arg)
{
    return *(uint64_t *)arg;
}

static uint64_t chance;
static const struct random_source test_random = {.next = chosen, .arg = &chance};

/* The wait that connect_backoff_begin() answers; 0 means that the caller probes. */
static int64_t wait_at(struct connect_backoff *backoff, int64_t now_ms)
{
    bool is_probe = false;
    int64_t wait_ms = connect_backoff_begin(backoff, now_ms, &is_probe);
    assert_int_equal(is_probe, wait_ms == 0 && backoff->failures > 0);
    return wait_ms;
}

static void without_failures_everybody_connects(void **state)
{
    (void)state;
    struct connect_backoff backoff = {0};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(wait_at(&backoff, 0), 0);
    }
}

static void one_probes_at_a_time(void **state)
{
    (void)state;
    struct connect_backoff backoff = {0};
    connect_backoff_failed(&backoff, false, 1000, &test_random);
    assert_int_equal(wait_at(&backoff, 1000), 50);
    assert_int_equal(wait_at(&backoff, 1049), 1);
    assert_int_equal(wait_at(&backoff, 1050), 0);
    assert_int_equal(wait_at(&backoff, 1050), CONNECT_BACKOFF_PROBING);
    assert_int_equal(wait_at(&backoff, 9999), CONNECT_BACKOFF_PROBING);
    connect_backoff_failed(&backoff, true, 1060, &test_random);
    assert_int_equal(wait_at(&backoff, 1060), 100);
    connect_backoff_elapsed(&backoff);
    assert_int_equal(wait_at(&backoff, 1060), 0);
}

static void waits_double_up_to_two_seconds_and_half_is_random(void **state)
{
    (void)state;
    static const int expected[] = {50, 100, 200, 400, 800, 1000, 1000};
    struct connect_backoff backoff = {0};
    bool is_probe = false;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        connect_backoff_failed(&backoff, is_probe, 0, &test_random);
        assert_int_equal(wait_at(&backoff, 0), expected[i]);
        connect_backoff_elapsed(&backoff);
        connect_backoff_begin(&backoff, 0, &is_probe);
    }
    for (uint64_t i = 0; i < 64; i++) {
        chance = i << 58;
        connect_backoff_failed(&backoff, true, 0, &test_random);
        int64_t wait_ms = wait_at(&backoff, 0);
        assert_true(wait_ms >= 1000 && wait_ms <= 2000);
    }
    chance = 0;
}

/* Ten connects that fail together are one failure. */
static void connects_from_before_do_not_prolong_it(void **state)
{
    (void)state;
    struct connect_backoff backoff = {0};
    for (int i = 0; i < 10; i++) {
        connect_backoff_failed(&backoff, false, i, &test_random);
    }
    assert_int_equal(wait_at(&backoff, 0), 50);
    assert_int_equal(wait_at(&backoff, 50), 0);
    connect_backoff_failed(&backoff, false, 60, &test_random); /* nor end the probe */
    assert_int_equal(wait_at(&backoff, 60), CONNECT_BACKOFF_PROBING);
}

static void success_ends_it(void **state)
{
    (void)state;
    struct connect_backoff backoff = {0};
    connect_backoff_failed(&backoff, false, 0, &test_random);
    connect_backoff_failed(&backoff, true, 0, &test_random);
    connect_backoff_succeeded(&backoff);
    assert_int_equal(wait_at(&backoff, 0), 0);
    assert_int_equal(wait_at(&backoff, 0), 0);
    connect_backoff_failed(&backoff, false, 0, &test_random);
    assert_int_equal(wait_at(&backoff, 0), 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_failures_everybody_connects),
        cmocka_unit_test(one_probes_at_a_time),
        cmocka_unit_test(waits_double_up_to_two_seconds_and_half_is_random),
        cmocka_unit_test(connects_from_before_do_not_prolong_it),
        cmocka_unit_test(success_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
