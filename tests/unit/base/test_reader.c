/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/reader.h"
#include "unit.h"

static void fields_are_read_in_order(void **state)
{
    (void)state;
    struct reader reader;
    reader_init(&reader, text_of_bytes("\x01\x02\x03\x04\x05\x06\x07"
                                       "abc\0"
                                       "rest",
                                       15));
    assert_int_equal(reader_u8(&reader), 1);
    assert_int_equal(reader_u16(&reader), 0x0203);
    assert_int_equal(reader_u32(&reader), 0x04050607);
    assert_true(text_equal_string(reader_cstring(&reader), "abc"));
    assert_int_equal(reader_left(&reader), 4);
    assert_true(text_equal_string(reader_rest(&reader), "rest"));
    assert_true(reader_done(&reader));
}

static void too_few_bytes_give_zero_and_break_it_for_good(void **state)
{
    (void)state;
    struct reader reader;
    reader_init(&reader, text_of_bytes("\xff\xff\xff", 3));
    assert_int_equal(reader_u32(&reader), 0);
    assert_false(reader_ok(&reader));
    assert_int_equal(reader_u8(&reader), 0);
    assert_int_equal(reader_left(&reader), 0);
    assert_false(reader_done(&reader));
}

static void a_string_without_end_is_refused(void **state)
{
    (void)state;
    struct reader reader;
    reader_init(&reader, text_of_bytes("abc", 3));
    assert_true(text_is_empty(reader_cstring(&reader)));
    assert_false(reader_ok(&reader));
}

static void a_length_larger_than_memory_is_refused(void **state)
{
    (void)state;
    struct reader reader;
    reader_init(&reader, text_of("abc"));
    assert_true(text_is_empty(reader_bytes(&reader, SIZE_MAX)));
    assert_false(reader_ok(&reader));
}

static void nothing_left_is_done_but_not_yet_broken(void **state)
{
    (void)state;
    struct reader reader;
    reader_init(&reader, text_of(""));
    assert_true(reader_done(&reader));
    reader_u8(&reader);
    assert_false(reader_ok(&reader));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_read_in_order),
        cmocka_unit_test(too_few_bytes_give_zero_and_break_it_for_good),
        cmocka_unit_test(a_string_without_end_is_refused),
        cmocka_unit_test(a_length_larger_than_memory_is_refused),
        cmocka_unit_test(nothing_left_is_done_but_not_yet_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
