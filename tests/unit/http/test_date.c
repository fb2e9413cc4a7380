/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "http/date.h"
#include "unit.h"

static void dates_of_answers_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t unix_s;
    } good[] = {
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Tue, 27 Aug 2024 00:00:00 GMT", 1724716800},
        {"Thu, 29 Feb 2024 23:59:59 GMT", 1709251199},
        {"Sun, 31 Dec 2023 12:34:56 GMT", 1704026096},
        {"Foo, 31 Dec 2023 12:34:56 GMT", 1704026096},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t unix_s = -1;
        assert_true(http_date_parse(text_of(good[i].text), &unix_s));
        assert_int_equal(unix_s, good[i].unix_s);
    }
}

static void anything_else_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "Tue, 27 Aug 2024 00:00:00",
        "Tue, 27 Aug 2024 00:00:00 UTC",
        "Tue, 27 aug 2024 00:00:00 GMT",
        "Tue, 27 anF 2024 00:00:00 GMT",
        "Tue, 27 Aug 2024 24:00:00 GMT",
        "Tue, 27 Aug 2024 00:60:00 GMT",
        "Thu, 30 Feb 2024 00:00:00 GMT",
        "Tue, -7 Aug 2024 00:00:00 GMT",
        "Tue,  7 Aug 2024 00:00:00 GMT",
        "Tue, 27 Aug 2024 00:00:00 GMT ",
        "Tue; 27 Aug 2024 00:00:00 GMT",
        "Tuesday, 27-Aug-24 00:00:00 GMT",
        "Tue Aug 27 00:00:00 2024",
        "2024-08-27T00:00:00Z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t unix_s = 7;
        assert_false(http_date_parse(text_of(bad[i]), &unix_s));
        assert_int_equal(unix_s, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_of_answers_are_read),
        cmocka_unit_test(anything_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
