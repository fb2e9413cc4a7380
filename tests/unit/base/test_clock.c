/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "unit.h"

static void times_go_both_ways(void **state)
{
    (void)state;
    const int64_t times[] = {0, 1724716800, 951782400 /* 29 February 2000 */, 253402300799};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char text[CLOCK_BASIC_SIZE];
        int64_t again = -1;
        assert_true(clock_format_basic(times[i], text));
        assert_true(clock_parse_basic(text_of(text), &again));
        assert_int_equal(again, times[i]);
    }
    char text[CLOCK_BASIC_SIZE];
    assert_true(clock_format_basic(1724716800, text));
    assert_string_equal(text, "20240827T000000Z");
}

static void times_that_have_no_such_form_are_refused(void **state)
{
    (void)state;
    char text[CLOCK_BASIC_SIZE];
    assert_false(clock_format_basic(-1, text));
    assert_false(clock_format_basic(253402300800, text));
    assert_false(clock_format_basic(INT64_MAX, text));
}

static void texts_that_are_no_times_are_refused(void **state)
{
    (void)state;
    const char *const wrong[] = {"",
                                 "20240827T000000",
                                 "20240827T000000ZZ",
                                 "20240230T000000Z",
                                 "20230229T000000Z",
                                 "20241301T000000Z",
                                 "20240827T240000Z",
                                 "20240827T000060Z",
                                 "2024-08-27T00:00",
                                 "20240827t000000z",
                                 " 0240827T000000Z",
                                 "19691231T235959Z"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int64_t value = 7;
        assert_false(clock_parse_basic(text_of(wrong[i]), &value));
        assert_int_equal(value, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_go_both_ways),
        cmocka_unit_test(times_that_have_no_such_form_are_refused),
        cmocka_unit_test(texts_that_are_no_times_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
