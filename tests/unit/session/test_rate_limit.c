/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "session/rate_limit.h"
#include "unit.h"

static void burst_then_the_rate(void **state)
{
    (void)state;
    struct rate_limit limit;
    rate_limit_init(&limit, 100, 3, 1000);
    for (int i = 0; i < 3; i++) {
        assert_true(rate_limit_take(&limit, 1000));
    }
    assert_false(rate_limit_take(&limit, 1009));
    assert_true(rate_limit_take(&limit, 1010));
    assert_false(rate_limit_take(&limit, 1010));
}

static void bucket_never_overflows(void **state)
{
    (void)state;
    struct rate_limit limit;
    rate_limit_init(&limit, 100, 1, 0);
    assert_true(rate_limit_take(&limit, INT64_MAX));
    assert_false(rate_limit_take(&limit, INT64_MAX));
}

static void delay_is_how_long_to_wait(void **state)
{
    (void)state;
    struct rate_limit limit;
    rate_limit_init(&limit, 100, 1, 1000);
    assert_int_equal(rate_limit_delay_ms(&limit, 1000), 0);
    assert_true(rate_limit_take(&limit, 1000));
    assert_int_equal(rate_limit_delay_ms(&limit, 1000), 10);
    assert_int_equal(rate_limit_delay_ms(&limit, 1004), 6);
    assert_false(rate_limit_take(&limit, 1009));
    assert_int_equal(rate_limit_delay_ms(&limit, 1009), 1);
    assert_true(rate_limit_take(&limit, 1010));
    rate_limit_init(&limit, -1, -1, 0);
    assert_int_equal(rate_limit_delay_ms(&limit, 0), 0);
}

static void negative_is_no_limit(void **state)
{
    (void)state;
    struct rate_limit limit;
    rate_limit_init(&limit, -1, -1, 0);
    assert_true(rate_limit_take(&limit, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(burst_then_the_rate),
        cmocka_unit_test(bucket_never_overflows),
        cmocka_unit_test(delay_is_how_long_to_wait),
        cmocka_unit_test(negative_is_no_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
