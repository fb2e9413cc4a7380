/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "credentials/aws/rfc3339.h"
#include "unit.h"

static void times_as_aws_writes_them_are_read(void **state)
{
    (void)state;
    static const char *const good[] = {
        "2024-08-27T00:00:00Z",      "2024-08-27T00:00:00.123Z",  "2024-08-27t00:00:00z",
        "2024-08-27T00:00:00+00:00", "2024-08-27T02:30:00+02:30", "2024-08-26T19:00:00.5-05:00",
        "2024-08-27T00:00:00+0000",  "2024-08-27T02:30:00+0230",  "2024-08-27T00:00:00UTC",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t unix_s = 0;
        assert_true(rfc3339_parse(text_of(good[i]), &unix_s));
        assert_int_equal(unix_s, 1724716800);
    }
}

static void anything_else_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2024-08-27",
        "2024-08-27T00:00:00",
        "2024-08-27 00:00:00Z",
        "2024-02-30T00:00:00Z",
        "2024-08-27T24:00:00Z",
        "2024-08-27T00:00:00.Z",
        "2024-08-27T00:00:00+2:00",
        "2024-08-27T00:00:00+24:00",
        "2024-08-27T00:00:00+000",
        "2024-08-27T00:00:00+00000",
        "2024-08-27T00:00:00+2400",
        "2024-08-27T00:00:00Zulu",
        "2024-08-27T00:00:00CET",
        "20240827T000000Z",
        "1724716800",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t unix_s = 7;
        assert_false(rfc3339_parse(text_of(bad[i]), &unix_s));
        assert_int_equal(unix_s, 7);
    }
}

static void times_are_written_as_they_are_read(void **state)
{
    (void)state;
    char text[RFC3339_SIZE];
    int64_t again = 0;
    assert_true(rfc3339_format(INT64_C(1724716799), text));
    assert_string_equal(text, "2024-08-26T23:59:59Z");
    assert_true(rfc3339_parse(text_of(text), &again));
    assert_int_equal(again, INT64_C(1724716799));
    assert_false(rfc3339_format(-1, text));
    assert_false(rfc3339_format(INT64_MAX, text));
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_as_aws_writes_them_are_read),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(times_are_written_as_they_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
