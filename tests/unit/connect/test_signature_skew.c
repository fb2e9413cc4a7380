/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "connect/signature_skew.h"
#include "unit.h"

static int64_t at(const char *time)
{
    int64_t seconds = 0;
    assert_true(clock_parse_basic(text_of(time), &seconds));
    return seconds;
}

static void a_clock_that_is_behind_has_a_negative_skew(void **state)
{
    (void)state;
    int64_t skew = 0;
    struct text hint = text_of("Signature expired: 20241107T000000Z is now earlier than "
                               "20241107T001500Z (20241107T003000Z - 15 min.)");
    assert_true(signature_skew_measure(hint, at("20241107T000001Z"), &skew));
    assert_int_equal(skew, -(30 * 60 - 1));
}

static void a_clock_that_is_ahead_has_a_positive_skew(void **state)
{
    (void)state;
    int64_t skew = 0;
    struct text hint = text_of("Signature not yet current: 20241107T003000Z is still later than "
                               "20241107T000500Z (20241107T000000Z + 5 min.)");
    assert_true(signature_skew_measure(hint, at("20241107T003000Z"), &skew));
    assert_int_equal(skew, 30 * 60);
}

static void a_hint_with_fewer_than_three_times_has_no_skew(void **state)
{
    (void)state;
    static const char *const hints[] = {
        "",
        "Signature expired: 20241107T000000Z",
        "Signature expired: 20241107T000000Z is later than 20241107T001500Z",
        "Signature expired: 20241307T000000Z < 20241107T001500Z (20241107T003000Z - 15 min.)",
        "20241107T000000Z 20241107T000000Z 20241107T00000",
    };
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        int64_t skew = 77;
        assert_false(signature_skew_measure(text_of(hints[i]), 0, &skew));
        assert_int_equal(skew, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_that_is_behind_has_a_negative_skew),
        cmocka_unit_test(a_clock_that_is_ahead_has_a_positive_skew),
        cmocka_unit_test(a_hint_with_fewer_than_three_times_has_no_skew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
