/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/backoff.h"
#include "unit.h"

static uint64_t chosen;

static uint64_t next_chosen(void *arg)
{
    (void)arg;
    return chosen;
}

static const struct random_source source = {.next = next_chosen};

static void backoff_doubles_up_to_the_maximum(void **state)
{
    (void)state;
    static const int64_t expected[] = {50, 100, 200, 400, 500, 500};
    struct backoff backoff;
    backoff_init(&backoff, 100, 1000, &source);
    chosen = 0;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(backoff_next(&backoff), expected[i]);
    }
}

static void backoff_never_exceeds_the_maximum(void **state)
{
    (void)state;
    struct backoff backoff;
    backoff_init(&backoff, 100, 5000, &source);
    int64_t longest_ms = 0;
    for (int i = 0; i < 10000; i++) {
        chosen = (uint64_t)i * 2654435761U;
        int64_t wait_ms = backoff_next(&backoff);
        assert_in_range(wait_ms, 50, 5000);
        longest_ms = wait_ms > longest_ms ? wait_ms : longest_ms;
    }
    assert_true(longest_ms > 4900);
}

static void backoff_is_half_jitter(void **state)
{
    (void)state;
    struct backoff backoff;
    backoff_init(&backoff, 100, 5000, &source);
    chosen = 50; /* the most there is: [0, 50] */
    assert_int_equal(backoff_next(&backoff), 100);
    chosen = 0;
    assert_int_equal(backoff_next(&backoff), 100);
}

static void backoff_survives_odd_limits(void **state)
{
    (void)state;
    struct backoff backoff;
    backoff_init(&backoff, 100, 30, &source); /* base above the maximum */
    assert_in_range(backoff_next(&backoff), 15, 30);
    backoff_init(&backoff, 0, 0, &source);
    assert_int_equal(backoff_next(&backoff), 0);
    backoff_init(&backoff, INT64_MAX, INT64_MAX, &source);
    chosen = UINT64_MAX;
    assert_true(backoff_next(&backoff) > 0);
    assert_true(backoff_next(&backoff) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backoff_doubles_up_to_the_maximum),
        cmocka_unit_test(backoff_never_exceeds_the_maximum),
        cmocka_unit_test(backoff_is_half_jitter),
        cmocka_unit_test(backoff_survives_odd_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
