/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "gateway/rate_limit.h"
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
        cmocka_unit_test(negative_is_no_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
