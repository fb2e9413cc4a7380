/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "cli/proxy_log.h"
#include "unit.h"

static void text_has_time_and_level(void **state)
{
    (void)state;
    struct buf out AUTO_BUF;
    buf_init(&out, PROXY_LOG_LINE_MAX);
    proxy_log_line(&out, false, 1700000000, DSQL_LOG_WARN, "something \"odd\"");
    assert_string_equal(out.data, "2023-11-14T22:13:20Z warning: something \"odd\"\n");
}

static void json_is_one_object_a_line(void **state)
{
    (void)state;
    struct buf out AUTO_BUF;
    buf_init(&out, PROXY_LOG_LINE_MAX);
    proxy_log_line(&out, true, 1700000000, DSQL_LOG_INFO, "user \"a\\b\" \xc3\xa9");
    assert_true(text_ends_with(buf_text(&out), "}\n"));
    struct json *json AUTO_JSON = json_parse(text_trim(buf_text(&out)));
    assert_non_null(json);
    assert_string_equal(json_get_string(json, "time"), "2023-11-14T22:13:20Z");
    assert_string_equal(json_get_string(json, "level"), "info");
    assert_string_equal(json_get_string(json, "message"), "user \"a\\b\" \xc3\xa9");
}

static void other_encodings_do_not_lose_a_message(void **state)
{
    (void)state;
    struct buf out AUTO_BUF;
    buf_init(&out, PROXY_LOG_LINE_MAX);
    proxy_log_line(&out, true, 1700000000, DSQL_LOG_ERROR, "caf\xe9");
    struct json *json AUTO_JSON = json_parse(text_trim(buf_text(&out)));
    assert_non_null(json);
    assert_string_equal(json_get_string(json, "message"), "caf?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_has_time_and_level),
        cmocka_unit_test(json_is_one_object_a_line),
        cmocka_unit_test(other_encodings_do_not_lose_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
