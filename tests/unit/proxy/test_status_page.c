/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The page in a thread, and sockets before it. */
#include "proxy/status_page.h"
#include "unit.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_MAX = 65536 };

static struct {
    pthread_t thread;
    uv_loop_t loop;
    uv_async_t stop;
    struct status_page *page;
    int port;
    _Atomic int condition;
} fixture;

static enum proxy_condition condition_now(void *arg)
{
    (void)arg;
    return (enum proxy_condition)atomic_load(&fixture.condition);
}

static void write_metrics(void *arg, struct buf *out)
{
    (void)arg;
    buf_add_string(out, "dsql_proxy_clients 1\n");
}

static void on_stop(uv_async_t *handle)
{
    (void)handle;
    status_page_stop(fixture.page, NULL, NULL);
    uv_close((uv_handle_t *)&fixture.stop, NULL);
}

static void *run_loop(void *arg)
{
    (void)arg;
    uv_run(&fixture.loop, UV_RUN_DEFAULT);
    return NULL;
}

static int64_t wall_s(void *arg)
{
    (void)arg;
    return 784111777; /* RFC 9110's example */
}

static void start_with(int request_ms, int answer_ms)
{
    static const struct clock clock = {.wall_s = wall_s};
    const struct status_page_options options = {
        .address = "127.0.0.1",
        .source = {.condition = condition_now, .write_metrics = write_metrics},
        .clock = &clock,
        .request_ms = request_ms,
        .answer_ms = answer_ms,
    };
    atomic_store(&fixture.condition, PROXY_READY);
    assert_int_equal(uv_loop_init(&fixture.loop), 0);
    uv_async_init(&fixture.loop, &fixture.stop, on_stop);
    assert_int_equal(status_page_start(&fixture.loop, &options, &fixture.page, NULL), DSQL_OK);
    fixture.port = status_page_port(fixture.page);
    assert_int_equal(pthread_create(&fixture.thread, NULL, run_loop, NULL), 0);
}

static int start(void **state)
{
    (void)state;
    start_with(0, 0);
    return 0;
}

/* The loop has nothing left: every handle was closed, also of connections that are open. */
static int stop(void **state)
{
    (void)state;
    uv_async_send(&fixture.stop);
    pthread_join(fixture.thread, NULL);
    assert_int_equal(uv_loop_close(&fixture.loop), 0);
    return 0;
}

static int dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)fixture.port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void send_text(int fd, const char *bytes)
{
    assert_int_equal(send(fd, bytes, strlen(bytes), MSG_NOSIGNAL), (ssize_t)strlen(bytes));
}

/* Up to the end of the connection. */
static size_t read_all(int fd, char *out)
{
    size_t len = 0;
    ssize_t got = 1;
    while (got > 0 && len < ANSWER_MAX - 1) {
        got = recv(fd, out + len, ANSWER_MAX - 1 - len, 0);
        len += got > 0 ? (size_t)got : 0;
    }
    out[len] = '\0';
    close(fd);
    return len;
}

/* One answer of a connection that stays: its head, and as many bytes as it says. */
static void read_one(int fd, char *out)
{
    size_t len = 0;
    const char *end = NULL;
    size_t size = 0;
    out[0] = '\0';
    while (end == NULL || len < size) {
        assert_int_equal(recv(fd, out + len, 1, 0), 1);
        out[++len] = '\0';
        if (end == NULL && (end = strstr(out, "\r\n\r\n")) != NULL) {
            int64_t body = 0;
            struct text field = text_of(strstr(out, "Content-Length: ") + 16);
            struct text rest;
            text_cut(field, '\r', &field, &rest);
            assert_true(text_to_int64(field, 0, ANSWER_MAX, &body));
            size = len + (size_t)body;
        }
    }
}

static void expect_page(const char *path, int status, const char *words)
{
    char request[256];
    char answer[ANSWER_MAX];
    char first[32];
    int fd = dial();
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
             path);
    send_text(fd, request);
    read_all(fd, answer);
    snprintf(first, sizeof first, "HTTP/1.1 %d ", status);
    assert_int_equal(strncmp(answer, first, strlen(first)), 0);
    assert_non_null(strstr(answer, words));
}

static void pages_follow_the_condition(void **state)
{
    (void)state;
    expect_page("/startup", 200, "ready");
    expect_page("/readiness", 200, "ready");
    expect_page("/liveness", 200, "alive");
    expect_page("/metrics", 200, "\r\n\r\ndsql_proxy_clients 1\n");
    expect_page("/metrics?x", 200, "text/plain; version=0.0.4");
    expect_page("/", 404, "/metrics");
    expect_page("/metrics/", 404, "not found");
    atomic_store(&fixture.condition, PROXY_STARTING);
    expect_page("/startup", 503, "starting");
    expect_page("/readiness", 503, "starting");
    expect_page("/liveness", 200, "alive");
    atomic_store(&fixture.condition, PROXY_DRAINING);
    expect_page("/startup", 200, "draining");
    expect_page("/readiness", 503, "draining");
    expect_page("/liveness", 200, "alive");
}

static void connection_stays_for_the_next_request(void **state)
{
    (void)state;
    char answer[ANSWER_MAX];
    int fd = dial();
    for (int i = 0; i < 3; i++) {
        send_text(fd, "GET /liveness HTTP/1.1\r\nHost: x\r\n\r\n");
        read_one(fd, answer);
        assert_non_null(strstr(answer, "Connection: keep-alive\r\n"));
        assert_non_null(strstr(answer, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
        assert_non_null(strstr(answer, "\r\n\r\nalive\n"));
    }
    send_text(fd, "HEAD /liveness HTTP/1.0\r\n\r\n");
    read_all(fd, answer);
    assert_non_null(strstr(answer, "Content-Length: 6\r\n"));
    assert_non_null(strstr(answer, "Connection: close\r\n"));
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
}

static void invalid_requests_get_an_error_and_the_end(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "405 "},
        {"GET / HTTP/1.1\r\n\r\n", "400 "},
        {"\x16\x03\x01\n\n", "400 "},
        {"GET / HTTP/3.0\r\n\r\n", "505 "},
        /* Pipelined: the first is answered, and the connection ends. */
        {"GET /liveness HTTP/1.1\r\nHost: x\r\n\r\nGET /liveness HTTP/1.1\r\nHost: x\r\n\r\n",
         "200 OK"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char answer[ANSWER_MAX];
        int fd = dial();
        send_text(fd, pairs[i][0]);
        read_all(fd, answer);
        assert_int_equal(strncmp(answer + 9, pairs[i][1], strlen(pairs[i][1])), 0);
        assert_null(strstr(answer + 9, "HTTP/1.1 "));
        assert_non_null(strstr(answer, "Connection: close\r\n"));
    }
    char longest[STATUS_REQUEST_MAX + 1];
    char answer[ANSWER_MAX];
    memset(longest, 'x', STATUS_REQUEST_MAX);
    longest[STATUS_REQUEST_MAX] = '\0';
    int fd = dial();
    send_text(fd, longest);
    read_all(fd, answer);
    assert_int_equal(strncmp(answer + 9, "431 ", 4), 0);
}

static void bytes_may_come_one_by_one(void **state)
{
    (void)state;
    char answer[ANSWER_MAX];
    int fd = dial();
    for (const char *c = "GET /liveness HTTP/1.0\r\nConnection: close\r\n\r\n"; *c != '\0'; c++) {
        assert_int_equal(send(fd, c, 1, MSG_NOSIGNAL), 1);
    }
    read_all(fd, answer);
    assert_non_null(strstr(answer, "alive"));
}

static void oldest_connection_makes_room(void **state)
{
    (void)state;
    int fds[STATUS_PAGE_CONNECTIONS_MAX];
    char answer[ANSWER_MAX];
    for (int i = 0; i < STATUS_PAGE_CONNECTIONS_MAX; i++) {
        fds[i] = dial();
        send_text(fds[i], "GET /liveness HTTP/1.1\r\nHost: x\r\n\r\n");
        read_one(fds[i], answer);
    }
    expect_page("/liveness", 200, "alive");
    assert_int_equal(read_all(fds[0], answer), 0);
    for (int i = 1; i < STATUS_PAGE_CONNECTIONS_MAX; i++) {
        send_text(fds[i], "GET /liveness HTTP/1.1\r\nHost: x\r\n\r\n");
        read_one(fds[i], answer);
        close(fds[i]);
    }
}

/* A byte now and then does not extend the time limit of a request. */
static void slow_request_is_ended(void **state)
{
    (void)state;
    start_with(100, 0);
    char answer[ANSWER_MAX];
    int fd = dial();
    bool is_open = true;
    while (is_open) {
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        is_open = send(fd, "x", 1, MSG_NOSIGNAL) == 1 && poll(&readable, 1, 10) == 0;
    }
    assert_int_equal(read_all(fd, answer), 0);
    stop(NULL);
}

/* The client takes the answer and never ends its side. */
static void connection_that_does_not_end_is_closed(void **state)
{
    (void)state;
    start_with(0, 50);
    char answer[ANSWER_MAX];
    int fd = dial();
    send_text(fd, "GET /liveness HTTP/1.0\r\n\r\n");
    int copy = dup(fd);
    read_all(copy, answer); /* the server's FIN; ours is not sent */
    struct pollfd gone = {.fd = fd, .events = POLLOUT};
    while ((gone.revents & (POLLHUP | POLLERR)) == 0) {
        assert_int_equal(poll(&gone, 1, -1), 1);
        if ((gone.revents & (POLLHUP | POLLERR)) == 0) {
            (void)send(fd, "x", 1, MSG_NOSIGNAL); /* until a reset answers it */
        }
    }
    close(fd);
    stop(NULL);
}

static void open_connections_do_not_keep_it_from_stopping(void **state)
{
    (void)state;
    start_with(0, 0);
    int fd = dial();
    char answer[ANSWER_MAX];
    send_text(fd, "GET /liveness HTTP/1.1\r\nHost: x\r\n\r\nGET");
    read_one(fd, answer);
    stop(NULL);
    close(fd);
}

static void address_that_is_taken_or_invalid_fails(void **state)
{
    (void)state;
    struct status_page *second = NULL;
    uv_loop_t loop;
    uv_loop_init(&loop);
    dsql_error err = {0};
    const struct status_page_options taken = {.address = "127.0.0.1", .port = fixture.port};
    assert_int_equal(status_page_start(&loop, &taken, &second, &err), DSQL_ERR_CONNECT);
    assert_null(second);
    const struct status_page_options invalid = {.address = "localhost"};
    assert_int_equal(status_page_start(&loop, &invalid, &second, &err), DSQL_ERR_USAGE);
    assert_null(second);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pages_follow_the_condition, start, stop),
        cmocka_unit_test_setup_teardown(connection_stays_for_the_next_request, start, stop),
        cmocka_unit_test_setup_teardown(invalid_requests_get_an_error_and_the_end, start, stop),
        cmocka_unit_test_setup_teardown(bytes_may_come_one_by_one, start, stop),
        cmocka_unit_test_setup_teardown(oldest_connection_makes_room, start, stop),
        cmocka_unit_test_setup_teardown(address_that_is_taken_or_invalid_fails, start, stop),
        cmocka_unit_test(slow_request_is_ended),
        cmocka_unit_test(connection_that_does_not_end_is_closed),
        cmocka_unit_test(open_connections_do_not_keep_it_from_stopping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
