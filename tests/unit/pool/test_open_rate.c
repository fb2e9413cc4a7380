/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "pool/open_rate.h"
#include "unit.h"

static void ten_at_once_and_then_ten_a_second(void **state)
{
    (void)state;
    struct open_rate open_rate = {0};
    int64_t now = 1000000;
    for (int i = 0; i < OPEN_RATE_BURST; i++) {
        assert_int_equal(open_rate_take(&open_rate, now), 0);
    }
    assert_int_equal(open_rate_take(&open_rate, now), 100);
    assert_int_equal(open_rate_take(&open_rate, now), 100); /* nothing was taken */
    assert_int_equal(open_rate_take(&open_rate, now + 99), 1);
    assert_int_equal(open_rate_take(&open_rate, now + 100), 0);
    assert_int_equal(open_rate_take(&open_rate, now + 100), 100);
}

static void never_more_than_the_rate_over_a_long_time(void **state)
{
    (void)state;
    struct open_rate open_rate = {0};
    int taken = 0;
    for (int64_t now = 0; now < 60000; now += 7) {
        taken += open_rate_take(&open_rate, now) == 0 ? 1 : 0;
    }
    assert_in_range(taken, 600, 600 + OPEN_RATE_BURST);
}

static void a_long_pause_allows_one_burst_and_not_more(void **state)
{
    (void)state;
    struct open_rate open_rate = {0};
    for (int64_t now = 0; now < INT64_C(1000000000000); now += INT64_C(100000000000)) {
        int taken = 0;
        while (open_rate_take(&open_rate, now) == 0) {
            taken++;
        }
        assert_int_equal(taken, OPEN_RATE_BURST);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_at_once_and_then_ten_a_second),
        cmocka_unit_test(never_more_than_the_rate_over_a_long_time),
        cmocka_unit_test(a_long_pause_allows_one_burst_and_not_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
