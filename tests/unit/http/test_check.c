/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Requests that must never leave, whoever sends; and the replaying one, which must complain. */
#include "http/http.h"
#include "replay.h"
#include "unit.h"

#include <string.h>

static const struct http_request good = {
    .method = "GET",
    .url = "https://a.example/x?a=1&b=2",
    .connect_timeout_ms = 1,
    .timeout_ms = 1,
};

static const struct replay_exchange recorded = {
    .method = "GET",
    .url = "https://a.example/x?b=2&a=1",
    .status = 200,
    .answer = "hello",
};

static void expect_refused(const struct http_request *request, const char *part)
{
    struct replay replay;
    dsql_error err = {0};
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    replay_init(&replay, &recorded, 1);
    assert_int_equal(http_send(&replay.http, request, &response, &err), DSQL_ERR_USAGE);
    if (strstr(err.message, part) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part, err.message);
    }
    assert_null(strstr(err.message, "SECRET"));
    assert_int_equal(replay.next, 0);
    assert_string_equal(replay.complaint, "");
}

static void what_is_recorded_is_answered_and_the_old_answer_is_gone(void **state)
{
    (void)state;
    struct replay replay;
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    buf_add_string(&response.body, "old");
    response.status = 500;
    replay_init(&replay, &recorded, 1);
    assert_int_equal(http_send(&replay.http, &good, &response, NULL), DSQL_OK);
    assert_int_equal(response.status, 200);
    assert_string_equal(response.body.data, "hello");
    assert_true(response.body.is_secret);
    assert_true(replay_done(&replay));
}

static void line_breaks_in_a_header_are_refused(void **state)
{
    (void)state;
    const char *const values[] = {"SECRET\r\nx: y", "SECRET\n", "SECRET\x7f", "SECRET\xc3\xb6"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        const struct http_header header = {"authorization", values[i]};
        struct http_request request = good;
        request.headers = &header;
        request.header_count = 1;
        expect_refused(&request, "the header \"authorization\"");
    }
}

static void header_names_are_names(void **state)
{
    (void)state;
    const char *const names[] = {"", "Upper", "a b", "a:", "a\n", NULL};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct http_header header = {names[i], "SECRET"};
        struct http_request request = good;
        request.headers = &header;
        request.header_count = 1;
        expect_refused(&request, "the name of a header is not allowed");
    }
}

static void too_many_headers_are_refused(void **state)
{
    (void)state;
    struct http_header headers[HTTP_MAX_HEADERS + 1];
    struct http_request request = good;
    for (size_t i = 0; i <= HTTP_MAX_HEADERS; i++) {
        headers[i] = (struct http_header){"x", "y"};
    }
    request.headers = headers;
    request.header_count = HTTP_MAX_HEADERS + 1;
    expect_refused(&request, "more than 16 headers");
}

static void plain_http_is_for_local_servers_only(void **state)
{
    (void)state;
    struct http_request request = good;
    request.url = "http://a.example/SECRET";
    expect_refused(&request, "the request to a.example would not be encrypted");
}

static void urls_and_methods_are_checked(void **state)
{
    (void)state;
    struct http_request request = good;
    request.url = "https://user:SECRET@a.example/";
    expect_refused(&request, "without a user name");
    request.url = NULL;
    expect_refused(&request, "a URL must be");
    request = good;
    request.method = "DELETE";
    expect_refused(&request, "method");
    request.method = NULL;
    expect_refused(&request, "method");
}

static void limits_and_address_are_checked(void **state)
{
    (void)state;
    struct http_request request = good;
    request.timeout_ms = 0;
    expect_refused(&request, "both timeouts");
    request = good;
    request.connect_timeout_ms = -1;
    expect_refused(&request, "both timeouts");
    request = good;
    request.address = "localhost";
    expect_refused(&request, "not an IP address");
    request.address = "127.0.0.1,";
    expect_refused(&request, "not an IP address");
    request.address = "";
    expect_refused(&request, "not an IP address");
}

/* ---- The fake that the tests of all sources rest on ---- */

static void replay_complains_of(const struct replay_exchange *exchange,
                                const struct http_request *request)
{
    struct replay replay;
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    replay_init(&replay, exchange, 1);
    assert_int_equal(http_send(&replay.http, request, &response, NULL), DSQL_ERR_USAGE);
    assert_false(replay_done(&replay));
}

static void replay_complains_of_any_difference(void **state)
{
    (void)state;
    const struct http_header header = {"accept", "text/plain"};
    struct replay_exchange exchange = recorded;
    struct http_request request = good;
    request.headers = &header;
    request.header_count = 1;
    request.body = text_of("a=1&b=2");
    exchange.method = "POST";
    replay_complains_of(&exchange, &request);
    exchange = recorded;
    exchange.url = "https://a.example/x?a=1&b=3";
    replay_complains_of(&exchange, &request);
    exchange.url = "https://a.example/x?a=1";
    replay_complains_of(&exchange, &request);
    exchange = recorded;
    exchange.headers = "accept: application/json";
    replay_complains_of(&exchange, &request);
    exchange.headers = "!accept";
    replay_complains_of(&exchange, &request);
    exchange.headers = "authorization: x";
    replay_complains_of(&exchange, &request);
    exchange = recorded;
    exchange.body = "a=1&b=3";
    replay_complains_of(&exchange, &request);
}

static void replay_complains_of_too_few_and_too_many(void **state)
{
    (void)state;
    struct replay replay;
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    replay_init(&replay, &recorded, 1);
    assert_false(replay_done(&replay));
    assert_int_equal(http_send(&replay.http, &good, &response, NULL), DSQL_OK);
    assert_true(replay_done(&replay));
    assert_int_equal(http_send(&replay.http, &good, &response, NULL), DSQL_ERR_USAGE);
    assert_false(replay_done(&replay));
}

static void replay_can_end_in_silence(void **state)
{
    (void)state;
    struct replay replay;
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    replay_init(&replay, &recorded, 1);
    replay.ends_in_silence = true;
    assert_int_equal(http_send(&replay.http, &good, &response, NULL), DSQL_OK);
    assert_int_equal(http_send(&replay.http, &good, &response, NULL), DSQL_ERR_CONNECT);
    assert_true(replay_done(&replay));
}

static void replay_knows_only_the_names_it_was_given(void **state)
{
    (void)state;
    static const struct replay_name names[] = {{"a", "1.1.1.1"}, {"b", "2.2.2.2"}, {"a", "::1"}};
    struct replay replay;
    struct http_addresses found;
    replay_init(&replay, NULL, 0);
    replay.names = names;
    replay.name_count = 3;
    assert_int_equal(http_resolve(&replay.http, "A", &found, NULL), DSQL_OK);
    assert_int_equal(found.count, 2);
    assert_string_equal(found.address[1], "::1");
    assert_int_equal(http_resolve(&replay.http, "c", &found, NULL), DSQL_ERR_CONNECT);
    assert_int_equal(found.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_recorded_is_answered_and_the_old_answer_is_gone),
        cmocka_unit_test(line_breaks_in_a_header_are_refused),
        cmocka_unit_test(header_names_are_names),
        cmocka_unit_test(too_many_headers_are_refused),
        cmocka_unit_test(plain_http_is_for_local_servers_only),
        cmocka_unit_test(urls_and_methods_are_checked),
        cmocka_unit_test(limits_and_address_are_checked),
        cmocka_unit_test(replay_complains_of_any_difference),
        cmocka_unit_test(replay_complains_of_too_few_and_too_many),
        cmocka_unit_test(replay_can_end_in_silence),
        cmocka_unit_test(replay_knows_only_the_names_it_was_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
