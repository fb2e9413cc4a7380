/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Where an answer begins, ends and becomes too much. */
#include "http/answer.h"
#include "unit.h"

#include <string.h>

static struct http_response response;
static struct answer answer;

static int set_up(void **state)
{
    (void)state;
    http_response_init(&response);
    answer_init(&answer, &response);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    http_response_clear(&response);
    return 0;
}

static bool say(const char *line)
{
    return answer_header(&answer, text_of(line));
}

static void headers_end_with_an_empty_line(void **state)
{
    (void)state;
    assert_true(say("HTTP/1.1 200 OK\r\n"));
    assert_true(say("DATE:\t today \r\n"));
    assert_true(say("X-Other: x\r\n"));
    assert_true(say("no colon\r\n"));
    assert_false(answer.has_headers);
    assert_true(say("\r\n"));
    assert_true(answer.has_headers);
    assert_string_equal(response.date, "today");
}

static void interim_answers_are_no_answers(void **state)
{
    (void)state;
    assert_true(say("HTTP/1.1 100 Continue\r\n"));
    assert_true(say("Date: interim\r\n"));
    assert_true(say("\r\n"));
    assert_false(answer.has_headers);
    assert_string_equal(response.date, "");
    assert_true(say("HTTP/2 204\r\n"));
    assert_true(say("\r\n"));
    assert_true(answer.has_headers);
}

static void field_that_does_not_fit_is_empty(void **state)
{
    (void)state;
    assert_true(say("HTTP/1.1 200 OK\r\n"));
    assert_true(say("retry-after: 5\r\n"));
    assert_true(say("retry-after: 0123456789012345678901234567890123456789\r\n"));
    assert_string_equal(response.retry_after, "");
}

static void lines_are_counted(void **state)
{
    (void)state;
    for (int i = 0; i < ANSWER_MAX_HEADER_LINES; i++) {
        assert_true(say("a: b\r\n"));
    }
    assert_false(say("a: b\r\n"));
    assert_true(answer.is_too_big);
}

static void bytes_of_headers_are_counted(void **state)
{
    (void)state;
    static char line[ANSWER_MAX_HEADER_BYTES / 4 + 1];
    memset(line, 'x', sizeof line - 1);
    for (int i = 0; i < 4; i++) {
        assert_true(say(line));
    }
    assert_false(say("x"));
    assert_true(answer.is_too_big);
}

static void body_is_bounded(void **state)
{
    (void)state;
    static char block[HTTP_MAX_BODY];
    memset(block, 'x', sizeof block);
    assert_true(answer_body(&answer, text_of_bytes(block, sizeof block)));
    assert_false(answer.is_too_big);
    assert_false(answer_body(&answer, text_of("x")));
    assert_true(answer.is_too_big);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(headers_end_with_an_empty_line),   TEST(interim_answers_are_no_answers),
        TEST(field_that_does_not_fit_is_empty), TEST(lines_are_counted),
        TEST(bytes_of_headers_are_counted),     TEST(body_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
