/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The real sender against servers on this machine that are wrong in every way: whatever
 * they do, a bounded error comes back, in time.
 */
#include "certificate.h"
#include "http/http.h"
#include "server.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LONG_MS = 10000, SHORT_MS = 150, PATH_SIZE = 128, DAY_S = 86400 };

#define SECRET_PATH "/SECRET-path?SECRET-query"

static char directory[64];
static struct server plain;

static const char *in_directory(char path[PATH_SIZE], const char *name)
{
    snprintf(path, PATH_SIZE, "%s/%s", directory, name);
    return path;
}

static void write_file(const char *name, const char *content)
{
    char path[PATH_SIZE];
    FILE *file = fopen(in_directory(path, name), "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void clear_proxies(void)
{
    unsetenv("http_proxy");
    unsetenv("https_proxy");
    unsetenv("HTTPS_PROXY");
    unsetenv("ALL_PROXY");
    unsetenv("all_proxy");
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
}

/* A home with a .netrc that must not be read. */
static int group_set_up(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/dsql-http-XXXXXX");
    if (mkdtemp(directory) == NULL) {
        return -1;
    }
    write_file(".netrc", "default login netrcuser password netrcpassword\n");
    setenv("HOME", directory, 1);
    clear_proxies();
    server_start(&plain, NULL, NULL);
    return 0;
}

static int group_tear_down(void **state)
{
    (void)state;
    char path[PATH_SIZE];
    static const char *const names[] = {".netrc", "ca.pem", "other-ca.pem", "server.pem",
                                        "server.key"};
    server_stop(&plain);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        unlink(in_directory(path, names[i]));
    }
    return rmdir(directory);
}

static struct http_request request_to(const struct server *server, char url[PATH_SIZE])
{
    snprintf(url, PATH_SIZE, "http://127.0.0.1:%d" SECRET_PATH, server->port);
    return (struct http_request){
        .method = "GET",
        .url = url,
        .reach = HTTP_LOCAL,
        .connect_timeout_ms = LONG_MS,
        .timeout_ms = LONG_MS,
    };
}

static void expect_no_secret(const dsql_error *err)
{
    assert_null(strstr(err->message, "SECRET"));
    assert_null(strstr(err->message, "netrc"));
}

/* Asks plain, which answers so. */
static dsql_status ask(server_answer *answer, struct http_response *response, dsql_error *err)
{
    char url[PATH_SIZE];
    struct http_request request = request_to(&plain, url);
    atomic_store(&plain.answer, answer);
    memset(err, 0, sizeof *err);
    dsql_status status = http_send(http_system(), &request, response, err);
    expect_no_secret(err);
    return status;
}

static void expect_failure(server_answer *answer, dsql_status expected, const char *part)
{
    dsql_error err;
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    assert_int_equal(ask(answer, &response, &err), expected);
    assert_int_equal(response.status, 0);
    assert_int_equal(response.body.len, 0);
    if (strstr(err.message, part) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part, err.message);
    }
}

/* ---- What works ---- */

static void answer_hello(struct server_connection *connection)
{
    server_say(connection, "HTTP/1.1 100 Continue\r\nDate: interim\r\nRetry-After: 9\r\n\r\n"
                           "HTTP/1.1 200 OK\r\nDate:  Tue, 27 Aug 2024 00:00:00 GMT \r\n"
                           "X-Amzn-ErrorType: None\r\nContent-Length: 5\r\n\r\nhello");
}

static void answer_comes_with_its_fields(void **state)
{
    (void)state;
    dsql_error err;
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    assert_int_equal(ask(answer_hello, &response, &err), DSQL_OK);
    assert_int_equal(response.status, 200);
    assert_string_equal(response.body.data, "hello");
    assert_string_equal(response.date, "Tue, 27 Aug 2024 00:00:00 GMT");
    assert_string_equal(response.error_type, "None");
    assert_string_equal(response.retry_after, ""); /* that was of the interim answer */
    assert_non_null(strstr(plain.request, "GET " SECRET_PATH " HTTP/1.1\r\n"));
    assert_non_null(strstr(plain.request, "\r\nHost: 127.0.0.1:"));
}

static void only_what_was_asked_for_is_sent(void **state)
{
    (void)state;
    char url[PATH_SIZE];
    const struct http_header headers[] = {{"authorization", "token"}, {"x-empty", ""}};
    struct http_request request = request_to(&plain, url);
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    atomic_store(&plain.answer, answer_hello);
    assert_int_equal(http_send(http_system(), &request, &response, NULL), DSQL_OK);
    assert_null(strcasestr(plain.request, "authorization:"));
    request.method = "POST";
    request.body = text_of("a=b");
    request.headers = headers;
    request.header_count = 2;
    assert_int_equal(http_send(http_system(), &request, &response, NULL), DSQL_OK);
    assert_non_null(strstr(plain.request, "POST /"));
    assert_non_null(strstr(plain.request, "\r\nauthorization: token\r\n"));
    assert_non_null(strstr(plain.request, "\r\nx-empty:\r\n"));
    assert_non_null(strstr(plain.request, "\r\nContent-Length: 3\r\n"));
    assert_null(strcasestr(plain.request, "content-type:"));
    assert_null(strcasestr(plain.request, "expect:"));
}

static void put_without_a_body_says_so(void **state)
{
    (void)state;
    char url[PATH_SIZE];
    const struct http_header type = {"content-type", "text/x"};
    struct http_request request = request_to(&plain, url);
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    request.method = "PUT";
    request.headers = &type;
    request.header_count = 1;
    assert_int_equal(http_send(http_system(), &request, &response, NULL), DSQL_OK);
    assert_non_null(strstr(plain.request, "PUT /"));
    assert_non_null(strstr(plain.request, "\r\nContent-Length: 0\r\n"));
    assert_non_null(strstr(plain.request, "\r\ncontent-type: text/x\r\n"));
}

static void head_has_no_body(void **state)
{
    (void)state;
    char url[PATH_SIZE];
    struct http_request request = request_to(&plain, url);
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    request.method = "HEAD";
    assert_int_equal(http_send(http_system(), &request, &response, NULL), DSQL_OK);
    assert_int_equal(response.status, 200);
    assert_int_equal(response.body.len, 0);
    assert_non_null(strstr(plain.request, "HEAD /"));
}

static void expect_pinned(const char *host, const char *address)
{
    char url[PATH_SIZE];
    char expected[PATH_SIZE];
    struct http_request request = request_to(&plain, url);
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    atomic_store(&plain.answer, answer_hello);
    snprintf(url, sizeof url, "http://%s:%d/", host, plain.port);
    snprintf(expected, sizeof expected, "\r\nHost: %s", host);
    request.address = address;
    assert_int_equal(http_send(http_system(), &request, &response, NULL), DSQL_OK);
    assert_non_null(strcasestr(plain.request, expected));
}

static void name_is_reached_at_the_address_given(void **state)
{
    (void)state;
    char url[PATH_SIZE];
    struct http_request request = request_to(&plain, url);
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    snprintf(url, sizeof url, "http://agent.invalid:%d/", plain.port);
    assert_int_equal(http_send(http_system(), &request, &response, NULL), DSQL_ERR_CONNECT);
    expect_pinned("agent.invalid", "127.0.0.1");
    expect_pinned("Agent.Invalid.", "127.0.0.1");
    expect_pinned("agent.invalid", "::1,127.0.0.1"); /* nobody is at the first one */
}

static void localhost_is_not_resolved_when_an_address_is_given(void **state)
{
    (void)state;
    char url[PATH_SIZE];
    struct http_request request = request_to(&plain, url);
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    snprintf(url, sizeof url, "http://localhost:%d/", plain.port);
    request.address = "127.9.9.9"; /* the server is at 127.0.0.1 only */
    assert_int_equal(http_send(http_system(), &request, &response, NULL), DSQL_ERR_CONNECT);
}

/* ---- What must not be done ---- */

static void answer_redirect(struct server_connection *connection)
{
    server_say(connection, "HTTP/1.1 307 Away\r\nLocation: /elsewhere\r\n"
                           "Content-Length: 0\r\n\r\n");
}

static void redirect_is_an_answer_and_not_followed(void **state)
{
    (void)state;
    dsql_error err;
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    int before = atomic_load(&plain.connections);
    assert_int_equal(ask(answer_redirect, &response, &err), DSQL_OK);
    assert_int_equal(response.status, 307);
    assert_int_equal(atomic_load(&plain.connections), before + 1);
}

static void local_requests_never_go_by_a_proxy(void **state)
{
    (void)state;
    char proxy[PATH_SIZE];
    dsql_error err;
    struct server other;
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    server_start(&other, NULL, NULL);
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", other.port);
    setenv("http_proxy", proxy, 1);
    setenv("ALL_PROXY", proxy, 1);
    setenv("no_proxy", "", 1);
    assert_int_equal(ask(answer_hello, &response, &err), DSQL_OK);
    clear_proxies();
    server_stop(&other);
    assert_int_equal(atomic_load(&other.connections), 0);
}

static void public_requests_use_the_proxy_of_the_environment(void **state)
{
    (void)state;
    char proxy[PATH_SIZE];
    struct server other;
    struct http_request request = {
        .method = "GET",
        .url = "https://sts.example.invalid" SECRET_PATH,
        .connect_timeout_ms = LONG_MS,
        .timeout_ms = LONG_MS,
    };
    dsql_error err = {0};
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    server_start(&other, NULL, NULL);
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", other.port);
    setenv("https_proxy", proxy, 1);
    assert_int_equal(http_send(http_system(), &request, &response, &err), DSQL_ERR_CONNECT);
    clear_proxies();
    server_stop(&other);
    assert_int_equal(atomic_load(&other.connections), 1);
    assert_non_null(strstr(other.request, "CONNECT sts.example.invalid:443 HTTP/1.1\r\n"));
    assert_null(strstr(other.request, "SECRET"));
    expect_no_secret(&err);
}

/* ---- Servers that are wrong ---- */

static void answer_big_length(struct server_connection *connection)
{
    server_say(connection, "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n");
    server_wait(connection, LONG_MS);
}

static void answer_endless_body(struct server_connection *connection)
{
    char block[4096];
    memset(block, 'x', sizeof block);
    server_say(connection, "HTTP/1.1 200 OK\r\n\r\n");
    while (server_write(connection, block, sizeof block)) {
    }
}

static void answer_endless_chunks(struct server_connection *connection)
{
    server_say(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (server_say(connection, "8\r\nxxxxxxxx\r\n")) {
    }
}

static void bodies_are_bounded(void **state)
{
    (void)state;
    expect_failure(answer_big_length, DSQL_ERR_CONNECT, "the response from 127.0.0.1 is too large");
    expect_failure(answer_endless_body, DSQL_ERR_CONNECT,
                   "the response from 127.0.0.1 is too large");
    expect_failure(answer_endless_chunks, DSQL_ERR_CONNECT,
                   "the response from 127.0.0.1 is too large");
}

static void answer_endless_headers(struct server_connection *connection)
{
    server_say(connection, "HTTP/1.1 200 OK\r\n");
    while (server_say(connection, "X-Header: x\r\n")) {
    }
}

static void answer_endless_header(struct server_connection *connection)
{
    server_say(connection, "HTTP/1.1 200 OK\r\nX-Header: ");
    while (
        server_say(connection, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")) {
    }
}

static void answer_endless_interim(struct server_connection *connection)
{
    while (server_say(connection, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")) {
    }
}

static void headers_are_bounded(void **state)
{
    (void)state;
    expect_failure(answer_endless_headers, DSQL_ERR_CONNECT, "too large");
    expect_failure(answer_endless_header, DSQL_ERR_CONNECT, "too large");
    expect_failure(answer_endless_interim, DSQL_ERR_CONNECT, "too large");
}

static void answer_half_a_status(struct server_connection *connection)
{
    server_say(connection, "HTTP/1.");
}

static void answer_half_the_headers(struct server_connection *connection)
{
    server_say(connection, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDat");
}

static void answer_only_interim(struct server_connection *connection)
{
    server_say(connection, "HTTP/1.1 100 Continue\r\n\r\n");
}

static void answer_half_the_body(struct server_connection *connection)
{
    server_say(connection, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
}

static void answer_half_a_chunk(struct server_connection *connection)
{
    server_say(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello");
}

static void answers_that_are_cut_off_are_no_answers(void **state)
{
    (void)state;
    expect_failure(NULL, DSQL_ERR_CONNECT, "could not get a response from 127.0.0.1");
    expect_failure(answer_half_a_status, DSQL_ERR_CONNECT, "127.0.0.1");
    expect_failure(answer_half_the_headers, DSQL_ERR_CONNECT, "127.0.0.1");
    expect_failure(answer_only_interim, DSQL_ERR_CONNECT, "127.0.0.1");
    expect_failure(answer_half_the_body, DSQL_ERR_CONNECT, "127.0.0.1");
    expect_failure(answer_half_a_chunk, DSQL_ERR_CONNECT, "127.0.0.1");
}

static void answer_chunked_garbage(struct server_connection *connection)
{
    server_say(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "zz\r\nhello\r\n0\r\n\r\n");
}

static void answer_huge_chunk(struct server_connection *connection)
{
    server_say(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "ffffffffffffffffff\r\nhello\r\n0\r\n\r\n");
}

static void answer_without_http(struct server_connection *connection)
{
    server_say(connection, "SSH-2.0-OpenSSH_9.2\r\n");
}

static void answer_odd_status(struct server_connection *connection)
{
    server_say(connection, "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n");
}

static void answer_negative_length(struct server_connection *connection)
{
    server_say(connection, "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello");
}

static void answers_that_are_no_http_are_refused(void **state)
{
    (void)state;
    expect_failure(answer_chunked_garbage, DSQL_ERR_CONNECT, "127.0.0.1");
    expect_failure(answer_huge_chunk, DSQL_ERR_CONNECT, "127.0.0.1");
    expect_failure(answer_without_http, DSQL_ERR_CONNECT, "127.0.0.1");
    expect_failure(answer_odd_status, DSQL_ERR_CONNECT, "invalid HTTP response");
    expect_failure(answer_negative_length, DSQL_ERR_CONNECT, "127.0.0.1");
}

static void answer_drop_by_drop(struct server_connection *connection)
{
    server_say(connection, "HTTP/1.1 200 OK\r\nX-Header: ");
    while (server_say(connection, "x")) {
        server_wait(connection, 10);
    }
}

static void answer_body_drop_by_drop(struct server_connection *connection)
{
    server_say(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    while (server_say(connection, "x")) {
        server_wait(connection, 10);
    }
}

static void answer_never(struct server_connection *connection)
{
    server_wait(connection, LONG_MS);
}

static void slow_servers_run_out_of_time(void **state)
{
    (void)state;
    server_answer *const slow[] = {answer_never, answer_drop_by_drop, answer_body_drop_by_drop};
    for (size_t i = 0; i < sizeof slow / sizeof slow[0]; i++) {
        char url[PATH_SIZE];
        dsql_error err = {0};
        struct http_request request = request_to(&plain, url);
        struct http_response response AUTO_HTTP_RESPONSE;
        http_response_init(&response);
        request.timeout_ms = SHORT_MS;
        atomic_store(&plain.answer, slow[i]);
        assert_int_equal(http_send(http_system(), &request, &response, &err), DSQL_ERR_TIMEOUT);
        assert_string_equal(err.message, "127.0.0.1 did not answer in time");
        assert_int_equal(response.body.len, 0);
    }
}

static void nobody_there_is_a_failure(void **state)
{
    (void)state;
    struct server gone;
    char url[PATH_SIZE];
    dsql_error err = {0};
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    server_start(&gone, NULL, NULL);
    struct http_request request = request_to(&gone, url);
    server_stop(&gone);
    assert_int_equal(http_send(http_system(), &request, &response, &err), DSQL_ERR_CONNECT);
    expect_no_secret(&err);
    assert_non_null(strstr(err.message, "could not get a response from 127.0.0.1"));
}

/* ---- TLS ---- */

/* Asks "https://localhost" of a server with that certificate, trusting ca_file. */
static dsql_status ask_tls(const struct certificate *certificate, const char *ca_file,
                           dsql_error *err)
{
    struct server server;
    char url[PATH_SIZE];
    char certificate_path[PATH_SIZE];
    char key_path[PATH_SIZE];
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    certificate_write(certificate, in_directory(certificate_path, "server.pem"),
                      in_directory(key_path, "server.key"));
    server_start(&server, certificate_path, key_path);
    atomic_store(&server.answer, answer_hello);
    snprintf(url, sizeof url, "https://localhost:%d" SECRET_PATH, server.port);
    const struct http_request request = {
        .method = "GET",
        .url = url,
        .address = "127.0.0.1",
        .ca_file = ca_file,
        .connect_timeout_ms = LONG_MS,
        .timeout_ms = LONG_MS,
    };
    memset(err, 0, sizeof *err);
    dsql_status status = http_send(http_system(), &request, &response, err);
    server_stop(&server);
    expect_no_secret(err);
    if (status != DSQL_OK) {
        assert_null(strstr(server.request, "SECRET"));
    }
    return status;
}

static void expect_tls_refused(struct certificate certificate, const char *ca_file)
{
    dsql_error err;
    assert_int_equal(ask_tls(&certificate, ca_file, &err), DSQL_ERR_CONNECT);
    assert_non_null(strstr(err.message, "could not get a response from localhost: "));
    certificate_free(&certificate);
}

static void servers_are_verified(void **state)
{
    (void)state;
    char ca_path[PATH_SIZE];
    char other_path[PATH_SIZE];
    dsql_error err;
    struct certificate ca = certificate_make("test-ca", NULL, true, -DAY_S, DAY_S);
    struct certificate other = certificate_make("other-ca", NULL, true, -DAY_S, DAY_S);
    certificate_write(&ca, in_directory(ca_path, "ca.pem"), NULL);
    certificate_write(&other, in_directory(other_path, "other-ca.pem"), NULL);

    struct certificate good = certificate_make("localhost", &ca, false, -DAY_S, DAY_S);
    assert_int_equal(ask_tls(&good, ca_path, &err), DSQL_OK);
    assert_int_equal(ask_tls(&good, other_path, &err), DSQL_ERR_CONNECT);
    assert_int_equal(ask_tls(&good, NULL, &err), DSQL_ERR_CONNECT);
    assert_int_equal(ask_tls(&good, "/nonexistent/ca.pem", &err), DSQL_ERR_CONNECT);
    certificate_free(&good);

    expect_tls_refused(certificate_make("example.com", &ca, false, -DAY_S, DAY_S), ca_path);
    expect_tls_refused(certificate_make("localhost.evil.com", &ca, false, -DAY_S, DAY_S), ca_path);
    expect_tls_refused(certificate_make("localhost", &ca, false, -2 * DAY_S, -DAY_S), ca_path);
    expect_tls_refused(certificate_make("localhost", &ca, false, DAY_S, 2 * DAY_S), ca_path);
    expect_tls_refused(certificate_make("localhost", NULL, false, -DAY_S, DAY_S), ca_path);
    certificate_free(&ca);
    certificate_free(&other);
}

static void plain_answer_to_tls_is_refused(void **state)
{
    (void)state;
    char url[PATH_SIZE];
    dsql_error err = {0};
    struct http_request request = request_to(&plain, url);
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    atomic_store(&plain.answer, NULL);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", plain.port);
    request.timeout_ms = SHORT_MS;
    dsql_status status = http_send(http_system(), &request, &response, &err);
    assert_true(status == DSQL_ERR_CONNECT || status == DSQL_ERR_TIMEOUT);
}

/* ---- Names ---- */

static void localhost_resolves_to_loopback(void **state)
{
    (void)state;
    struct http_addresses found;
    assert_int_equal(http_resolve(http_system(), "localhost", &found, NULL), DSQL_OK);
    assert_true(found.count >= 1);
    for (size_t i = 0; i < found.count; i++) {
        assert_true(strncmp(found.address[i], "127.", 4) == 0 ||
                    strcmp(found.address[i], "::1") == 0);
    }
}

static void unknown_name_is_a_failure(void **state)
{
    (void)state;
    dsql_error err = {0};
    struct http_addresses found;
    assert_int_equal(http_resolve(http_system(), "no.such.name.invalid", &found, &err),
                     DSQL_ERR_CONNECT);
    assert_non_null(strstr(err.message, "no.such.name.invalid"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_comes_with_its_fields),
        cmocka_unit_test(only_what_was_asked_for_is_sent),
        cmocka_unit_test(put_without_a_body_says_so),
        cmocka_unit_test(head_has_no_body),
        cmocka_unit_test(name_is_reached_at_the_address_given),
        cmocka_unit_test(localhost_is_not_resolved_when_an_address_is_given),
        cmocka_unit_test(redirect_is_an_answer_and_not_followed),
        cmocka_unit_test(local_requests_never_go_by_a_proxy),
        cmocka_unit_test(public_requests_use_the_proxy_of_the_environment),
        cmocka_unit_test(bodies_are_bounded),
        cmocka_unit_test(headers_are_bounded),
        cmocka_unit_test(answers_that_are_cut_off_are_no_answers),
        cmocka_unit_test(answers_that_are_no_http_are_refused),
        cmocka_unit_test(slow_servers_run_out_of_time),
        cmocka_unit_test(nobody_there_is_a_failure),
        cmocka_unit_test(servers_are_verified),
        cmocka_unit_test(plain_answer_to_tls_is_refused),
        cmocka_unit_test(localhost_resolves_to_loopback),
        cmocka_unit_test(unknown_name_is_a_failure),
    };
    return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
