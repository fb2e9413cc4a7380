/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/status_request.h"
#include "unit.h"

#include <string.h>

static struct status_request parsed(const char *bytes)
{
    struct status_request request;
    assert_int_equal(status_request_parse(text_of(bytes), &request), STATUS_REQUEST_COMPLETE);
    return request;
}

static void prometheus_request_is_read(void **state)
{
    (void)state;
    static const char bytes[] = "GET /metrics?debug=1 HTTP/1.1\r\n"
                                "Host: 127.0.0.1:9127\r\n"
                                "User-Agent: Prometheus/2.42.0\r\n"
                                "Accept-Encoding: gzip\r\n"
                                "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\nGET";
    struct status_request request = parsed(bytes);
    assert_int_equal(request.method, STATUS_GET);
    assert_true(text_equal_string(request.path, "/metrics"));
    assert_true(request.keeps_alive);
    assert_false(request.has_body);
    assert_int_equal(request.size, sizeof bytes - 1 - 3);
    /* No shorter text is a request. */
    for (size_t len = 0; len < request.size; len++) {
        struct status_request shorter;
        assert_int_equal(status_request_parse(text_of_bytes(bytes, len), &shorter),
                         STATUS_REQUEST_NEEDS_MORE);
    }
}

static void connection_field_decides(void **state)
{
    (void)state;
    assert_false(parsed("GET / HTTP/1.0\r\n\r\n").keeps_alive);
    assert_true(parsed("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keeps_alive);
    assert_false(parsed("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").keeps_alive);
    assert_false(parsed("GET / HTTP/1.1\r\nHost:\r\nconnection: x , CLOSE\r\n\r\n").keeps_alive);
    assert_true(parsed("HEAD / HTTP/1.1\nHost: x\n\n").keeps_alive);
    assert_int_equal(parsed("HEAD / HTTP/1.1\nHost: x\n\n").method, STATUS_HEAD);
    assert_int_equal(parsed("POST / HTTP/1.0\n\n").method, STATUS_OTHER);
    assert_int_equal(parsed("get / HTTP/1.0\n\n").method, STATUS_OTHER);
}

static void bodies_are_noticed(void **state)
{
    (void)state;
    assert_true(parsed("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello").has_body);
    assert_true(parsed("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n").has_body);
    assert_false(parsed("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").has_body);
}

static void malformed_requests_are_refused(void **state)
{
    (void)state;
    static const char *const damaged[] = {
        "\r\n\r\n",
        "GET\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / \r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: x\r\n\r\n",
        "GET / http/1.1\r\nHost: x\r\n\r\n",
        "GET metrics HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET http://x/metrics HTTP/1.1\r\nHost: x\r\n\r\n",
        "G(T / HTTP/1.1\r\nHost: x\r\n\r\n",
        " GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n", /* no host */
        "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\ry\r\n\r\n",
        "GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /\t HTTP/1.1\r\nHost: x\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        struct status_request request;
        enum status_request_result result = status_request_parse(text_of(damaged[i]), &request);
        if (result == STATUS_REQUEST_COMPLETE) {
            print_error("accepted: %s\n", damaged[i]);
        }
        assert_true(result == STATUS_REQUEST_MALFORMED || result == STATUS_REQUEST_UNSUPPORTED);
    }
    struct status_request request;
    assert_int_equal(status_request_parse(text_of_bytes("GET /\0 HTTP/1.0\r\n\r\n", 19), &request),
                     STATUS_REQUEST_MALFORMED);
}

static void other_versions_are_unsupported(void **state)
{
    (void)state;
    struct status_request request;
    assert_int_equal(status_request_parse(text_of("GET / HTTP/2.0\r\n\r\n"), &request),
                     STATUS_REQUEST_UNSUPPORTED);
    assert_int_equal(status_request_parse(text_of("PRI * HTTP/2.0\r\n\r\n"), &request),
                     STATUS_REQUEST_MALFORMED);
}

static void long_requests_are_refused(void **state)
{
    (void)state;
    char bytes[STATUS_REQUEST_MAX + 16];
    struct status_request request;
    memset(bytes, 'x', sizeof bytes);
    assert_int_equal(status_request_parse(text_of_bytes(bytes, STATUS_REQUEST_MAX - 1), &request),
                     STATUS_REQUEST_NEEDS_MORE);
    assert_int_equal(status_request_parse(text_of_bytes(bytes, STATUS_REQUEST_MAX), &request),
                     STATUS_REQUEST_TOO_LONG);
    memcpy(bytes + STATUS_REQUEST_MAX, "\r\n\r\n", 4);
    assert_int_equal(status_request_parse(text_of_bytes(bytes, STATUS_REQUEST_MAX + 4), &request),
                     STATUS_REQUEST_TOO_LONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prometheus_request_is_read),
        cmocka_unit_test(connection_field_decides),
        cmocka_unit_test(bodies_are_noticed),
        cmocka_unit_test(malformed_requests_are_refused),
        cmocka_unit_test(other_versions_are_unsupported),
        cmocka_unit_test(long_requests_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
