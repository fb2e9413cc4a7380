/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/memory.h"
#include "unit.h"

#include <string.h>

static void what_is_added_comes_out(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    buf_add_string(&buf, "a");
    buf_add_char(&buf, 'b');
    buf_printf(&buf, "%d", 42);
    buf_add_u16(&buf, 0x4344);
    buf_add_u32(&buf, 0x45464748);
    char *string = buf_take(&buf);
    assert_string_equal(string, "ab42CDEFGH");
    mem_free(string);
}

static void an_empty_buffer_gives_an_empty_string(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 10);
    char *string = buf_take(&buf);
    assert_string_equal(string, "");
    mem_free(string);
}

static void it_holds_its_maximum_and_not_one_byte_more(void **state)
{
    (void)state;
    struct buf buf AUTO_BUF;
    buf_init(&buf, 4);
    buf_add_string(&buf, "1234");
    assert_true(buf_ok(&buf));
    buf_add_char(&buf, '5');
    assert_false(buf_ok(&buf));
    buf_add_string(&buf, "");
    assert_false(buf_ok(&buf)); /* once broken, it stays so */
    assert_null(buf_take(&buf));
}

static void a_format_that_does_not_fit_breaks_it(void **state)
{
    (void)state;
    struct buf buf AUTO_BUF;
    buf_init(&buf, 4);
    buf_printf(&buf, "%s", "12345");
    assert_false(buf_ok(&buf));
    assert_int_equal(buf.len, 0);
}

static void dropping_keeps_the_rest(void **state)
{
    (void)state;
    struct buf buf AUTO_BUF;
    buf_init_secret(&buf, 100);
    buf_add_string(&buf, "abcdef");
    buf_drop(&buf, 4);
    assert_true(text_equal_string(buf_text(&buf), "ef"));
    buf_drop(&buf, 100);
    assert_int_equal(buf.len, 0);
}

static void it_grows_to_a_megabyte_intact(void **state)
{
    (void)state;
    struct buf buf AUTO_BUF;
    buf_init_secret(&buf, 1 << 20);
    for (int i = 0; i < 1 << 20; i++) {
        buf_add_char(&buf, (char)('a' + i % 26));
    }
    assert_true(buf_ok(&buf));
    assert_int_equal(buf.data[12345], 'a' + 12345 % 26);
    buf_add_char(&buf, 'x');
    assert_false(buf_ok(&buf));
}

static void truncated_buffer_keeps_its_beginning(void **state)
{
    (void)state;
    struct buf buf AUTO_BUF;
    buf_init(&buf, 8);
    buf_add_string(&buf, "12345");
    buf_add_string(&buf, "67890");
    assert_false(buf_ok(&buf));
    buf_truncate(&buf, 3);
    assert_true(buf_ok(&buf));
    buf_add_string(&buf, "abc");
    assert_string_equal(buf.data, "123abc");
    buf_truncate(&buf, 100);
    assert_int_equal(buf.len, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_comes_out),
        cmocka_unit_test(an_empty_buffer_gives_an_empty_string),
        cmocka_unit_test(it_holds_its_maximum_and_not_one_byte_more),
        cmocka_unit_test(a_format_that_does_not_fit_breaks_it),
        cmocka_unit_test(dropping_keeps_the_rest),
        cmocka_unit_test(it_grows_to_a_megabyte_intact),
        cmocka_unit_test(truncated_buffer_keeps_its_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
