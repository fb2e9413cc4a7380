/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "base/text.h"
#include "unit.h"

static void slices_never_leave_the_text(void **state)
{
    (void)state;
    struct text text = text_of("abc");
    assert_true(text_equal_string(text_slice(text, 1, 100), "bc"));
    assert_true(text_is_empty(text_slice(text, 100, 1)));
    assert_true(text_is_empty(text_slice(text, SIZE_MAX, SIZE_MAX)));
    assert_true(text_is_empty(text_of(NULL)));
}

static void cutting_finds_the_first_and_says_when_there_is_none(void **state)
{
    (void)state;
    struct text before;
    struct text after;
    assert_true(text_cut(text_of("a=b=c"), '=', &before, &after));
    assert_true(text_equal_string(before, "a"));
    assert_true(text_equal_string(after, "b=c"));
    assert_false(text_cut(text_of("abc"), '=', &before, &after));
    assert_true(text_equal_string(before, "abc"));
    assert_true(text_is_empty(after));
}

static void lines_end_with_lf_or_crlf_or_the_text(void **state)
{
    (void)state;
    struct text rest = text_of("a\r\n\nb");
    struct text line;
    assert_true(text_next_line(&rest, &line) && text_equal_string(line, "a"));
    assert_true(text_next_line(&rest, &line) && text_is_empty(line));
    assert_true(text_next_line(&rest, &line) && text_equal_string(line, "b"));
    assert_false(text_next_line(&rest, &line));
}

static void numbers_are_digits_in_range(void **state)
{
    (void)state;
    int64_t value = 0;
    assert_true(text_to_int64(text_of("0042"), 0, 100, &value));
    assert_int_equal(value, 42);
    const char *const wrong[] = {
        "", "-1", "+1", " 1", "1 ", "0x1", "101", "1e1", "9999999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(text_to_int64(text_of(wrong[i]), 0, 100, &value));
    }
    assert_int_equal(value, 42);
}

static void a_copy_fits_or_is_empty(void **state)
{
    (void)state;
    char place[4];
    assert_true(text_copy(text_of("abc"), place, sizeof place));
    assert_string_equal(place, "abc");
    assert_false(text_copy(text_of("abcd"), place, sizeof place));
    assert_string_equal(place, "");
}

static void a_utf8_prefix_ends_between_characters(void **state)
{
    (void)state;
    struct text text = text_of("a\xc3\xa4\xe2\x82\xac"); /* a, a umlaut, euro sign */
    assert_int_equal(text_utf8_prefix(text, 6), 6);
    assert_int_equal(text_utf8_prefix(text, 5), 3);
    assert_int_equal(text_utf8_prefix(text, 4), 3);
    assert_int_equal(text_utf8_prefix(text, 2), 1);
    assert_int_equal(text_utf8_prefix(text, 0), 0);
}

static void hex_and_case_are_ascii(void **state)
{
    (void)state;
    char out[5];
    text_hex((const unsigned char *)"\x0f\xa0", 2, out);
    assert_string_equal(out, "0fa0");
    assert_true(text_equal_nocase(text_of("AbC"), text_of("aBc")));
    assert_false(text_equal_nocase(text_of("\xc4"), text_of("\xe4")));
    assert_true(text_ends_with(text_of("abc"), "bc"));
    assert_false(text_ends_with(text_of("c"), "bc"));
    assert_true(text_equal_string(text_trim(text_of(" \t a b \r\n")), "a b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_never_leave_the_text),
        cmocka_unit_test(cutting_finds_the_first_and_says_when_there_is_none),
        cmocka_unit_test(lines_end_with_lf_or_crlf_or_the_text),
        cmocka_unit_test(numbers_are_digits_in_range),
        cmocka_unit_test(a_copy_fits_or_is_empty),
        cmocka_unit_test(a_utf8_prefix_ends_between_characters),
        cmocka_unit_test(hex_and_case_are_ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
