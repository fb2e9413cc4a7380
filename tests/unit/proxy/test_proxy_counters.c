/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/proxy_counters.h"
#include "unit.h"

static void wait_is_counted_up_to_its_bound(void **state)
{
    (void)state;
    struct proxy_waits waits = {0};
    proxy_waits_add(&waits, 0);
    proxy_waits_add(&waits, 1);
    proxy_waits_add(&waits, 2);
    assert_int_equal(waits.buckets[0], 2);
    assert_int_equal(waits.buckets[1], 1);
    assert_int_equal(waits.count, 3);
    assert_int_equal(waits.sum_ms, 3);
}

static void longest_waits_are_in_the_last_bucket(void **state)
{
    (void)state;
    struct proxy_waits waits = {0};
    int last_bound = proxy_wait_bounds_ms[PROXY_WAIT_BUCKETS - 2];
    proxy_waits_add(&waits, last_bound);
    proxy_waits_add(&waits, last_bound + 1);
    assert_int_equal(waits.buckets[PROXY_WAIT_BUCKETS - 2], 1);
    assert_int_equal(waits.buckets[PROXY_WAIT_BUCKETS - 1], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wait_is_counted_up_to_its_bound),
        cmocka_unit_test(longest_waits_are_in_the_last_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
