/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* What is read, what is refused, what is written. */
#include "base/json.h"
#include "base/memory.h"
#include "unit.h"

#include <string.h>

static void strings_numbers_and_objects_are_read_by_name(void **state)
{
    (void)state;
    int64_t number = 0;
    struct json *json AUTO_JSON = json_parse(
        text_of(" {\"Key\":\"v\\u00e4\",\"n\":1700000000000,\"real\":1.7e3,\"in\":{\"a\":\"b\"},"
                "\"half\":0.5,\"big\":1e300,\"list\":[{\"x\":\"y\"}],\"no\":null}\n"));
    assert_non_null(json);
    assert_string_equal(json_get_string(json, "Key"), "v\xc3\xa4");
    assert_null(json_get_string(json, "key"));
    assert_string_equal(json_get_string_nocase(json, "kEY"), "v\xc3\xa4");
    assert_null(json_get_string_nocase(json, "Ke"));
    assert_true(json_has_other_nocase(json, "IN"));
    assert_true(json_has_other_nocase(json, "half"));
    assert_false(json_has_other_nocase(json, "key"));
    assert_false(json_has_other_nocase(json, "no"));
    assert_false(json_has_other_nocase(json, "missing"));
    assert_null(json_get_string(json, "n"));
    assert_null(json_get_string(json, "no"));
    assert_true(json_get_integer(json, "n", &number));
    assert_int_equal(number, INT64_C(1700000000000));
    assert_true(json_get_integer(json, "real", &number));
    assert_int_equal(number, 1700);
    assert_false(json_get_integer(json, "half", &number));
    assert_false(json_get_integer(json, "big", &number));
    assert_false(json_get_integer(json, "Key", &number));
    assert_false(json_get_integer(json, "missing", &number));
    assert_string_equal(json_get_string(json_get_object(json, "in"), "a"), "b");
    assert_null(json_get_object(json, "list"));
    assert_null(json_get_object(json, "Key"));
}

static void nothing_is_read_out_of_nothing(void **state)
{
    (void)state;
    int64_t number = 0;
    assert_null(json_get_string(NULL, "a"));
    assert_null(json_get_string_nocase(NULL, "a"));
    assert_null(json_get_object(NULL, "a"));
    assert_false(json_get_integer(NULL, "a", &number));
    json_free(NULL);
}

static void what_is_not_one_strict_object_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "null",
        "[]",
        "[{}]",
        "\"s\"",
        "{} {}",
        "{}x",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":\"1\",\"a\":\"2\"}",
        "{\"a\":{\"b\":1,\"b\":1}}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\\u0000\":1}",
        "{\"a\":\"\xff\"}",
        "{\"a\":99999999999999999999}",
        "{\"a\":01}",
        "{\"a\":\"line\nline\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct json *json AUTO_JSON = json_parse(text_of(bad[i]));
        if (json != NULL) {
            fail_msg("accepted: %s", bad[i]);
        }
    }
    struct json *nul AUTO_JSON = json_parse(text_of_bytes("{}\0", 3));
    assert_null(nul);
}

static void depth_and_size_are_bounded(void **state)
{
    (void)state;
    enum { DEPTH = 100000 };
    struct buf deep AUTO_BUF;
    buf_init(&deep, (size_t)JSON_MAX_SIZE * 2);
    for (int i = 0; i < DEPTH; i++) {
        buf_add_string(&deep, "{\"\":");
    }
    struct json *too_deep AUTO_JSON =
        json_parse(text_slice(buf_text(&deep), 0, JSON_MAX_SIZE / 4 * 4));
    assert_null(too_deep);

    buf_reset(&deep);
    buf_add_string(&deep, "{}");
    while (deep.len < JSON_MAX_SIZE) {
        buf_add_char(&deep, ' ');
    }
    struct json *fits AUTO_JSON = json_parse(buf_text(&deep));
    assert_non_null(fits);
    buf_add_char(&deep, ' ');
    struct json *too_big AUTO_JSON = json_parse(buf_text(&deep));
    assert_null(too_big);
}

static void what_was_set_is_written_in_order(void **state)
{
    (void)state;
    struct buf out AUTO_BUF;
    buf_init_secret(&out, 200);
    struct json *json AUTO_JSON = json_new();
    assert_true(json_set_string(json, "b", "old"));
    assert_true(json_set_integer(json, "a", -5));
    assert_true(json_set_string(json, "b", "new \"\n\xc3\xa4"));
    assert_true(json_set_string(json_set_object(json, "in"), "x", "y"));
    assert_true(json_set_string(json_set_object(json, "in"), "z", "w"));
    assert_null(json_set_object(json, "a"));
    assert_false(json_set_string(json, "c", "\xff"));
    assert_false(json_set_string(json, "c", NULL));
    assert_true(json_write(json, &out));
    assert_string_equal(
        out.data, "{\"b\":\"new \\\"\\n\xc3\xa4\",\"a\":-5,\"in\":{\"x\":\"y\",\"z\":\"w\"}}");
    struct json *again AUTO_JSON = json_parse(buf_text(&out));
    assert_string_equal(json_get_string(again, "b"), "new \"\n\xc3\xa4");
}

static void writing_more_than_fits_fails(void **state)
{
    (void)state;
    struct buf out AUTO_BUF;
    buf_init_secret(&out, 5);
    struct json *json AUTO_JSON = json_new();
    assert_true(json_set_string(json, "a", "bcdef"));
    assert_false(json_write(json, &out));
}

static void removed_name_is_gone(void **state)
{
    (void)state;
    struct buf text AUTO_BUF;
    buf_init(&text, 64);
    struct json *json = json_parse(text_of("{\"a\":\"1\",\"b\":{\"c\":\"2\"},\"d\":3}"));
    json_remove(json, "b");
    json_remove(json, "a");
    json_remove(json, "nobody");
    assert_true(json_write(json, &text));
    assert_true(text_equal_string(buf_text(&text), "{\"d\":3}"));
    json_free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_numbers_and_objects_are_read_by_name),
        cmocka_unit_test(nothing_is_read_out_of_nothing),
        cmocka_unit_test(what_is_not_one_strict_object_is_refused),
        cmocka_unit_test(depth_and_size_are_bounded),
        cmocka_unit_test(what_was_set_is_written_in_order),
        cmocka_unit_test(writing_more_than_fits_fails),
        cmocka_unit_test(removed_name_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
