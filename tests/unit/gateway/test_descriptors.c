/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway that has fewer file descriptors than it believes.  It should not come to that, but the
 * limit may be lowered while it runs.  It is a process of its own, whose limit and time are known.
 */
#include "certificate.h"
#include "gateway/gateway.h"
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DESCRIPTORS = 24, CONNECTIONS = 60, LOGIN_TIMEOUT_MS = 1000, MAX_CPU_MS = 500 };

static struct {
    char certificate[64];
    char key[64];
    pid_t gateway;
    int port;
} fixture;

static bool know_nobody(void *arg, struct text access_key_id, struct gateway_identity *out)
{
    (void)arg;
    (void)access_key_id;
    (void)out;
    return false;
}

/* Returns only if the gateway could not start. */
static void serve(int report)
{
    uv_loop_t loop;
    dsql_error err = {0};
    const struct rlimit limit = {DESCRIPTORS, DESCRIPTORS};
    const struct gateway_options options = {
        .certificate_file = fixture.certificate,
        .key_file = fixture.key,
        .endpoint = "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws",
        .region = "us-east-1",
        .server_socket = "/nonexistent/.s.PGSQL.5432",
        .find_identity = know_nobody,
        .max_descriptors = -1,
        .login_timeout_ms = LOGIN_TIMEOUT_MS,
    };
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&loop);
    struct gateway *gateway = gateway_start(&loop, &options, &err);
    int port = gateway == NULL ? 0 : gateway_port(gateway);
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && port > 0 &&
        write(report, &port, sizeof port) == sizeof port) {
        uv_run(&loop, UV_RUN_DEFAULT);
    }
}

static int start(void **state)
{
    int ends[2];
    (void)state;
    snprintf(fixture.certificate, sizeof fixture.certificate, "/tmp/dsql-crt-%d", (int)getpid());
    snprintf(fixture.key, sizeof fixture.key, "/tmp/dsql-key-%d", (int)getpid());
    struct certificate certificate = certificate_make("localhost", NULL, false, -60, 3600);
    certificate_write(&certificate, fixture.certificate, fixture.key);
    certificate_free(&certificate);
    assert_int_equal(pipe(ends), 0);
    fixture.gateway = fork();
    assert_true(fixture.gateway >= 0);
    if (fixture.gateway == 0) {
        close(ends[0]);
        serve(ends[1]);
        _exit(1);
    }
    close(ends[1]);
    bool is_up = read(ends[0], &fixture.port, sizeof fixture.port) == sizeof fixture.port;
    close(ends[0]);
    unlink(fixture.certificate);
    unlink(fixture.key);
    return is_up ? 0 : -1;
}

static int open_connection(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)fixture.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static long cpu_ms(void)
{
    struct rusage usage;
    kill(fixture.gateway, SIGKILL);
    waitpid(fixture.gateway, NULL, 0);
    assert_int_equal(getrusage(RUSAGE_CHILDREN, &usage), 0);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000L +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000L;
}

/* Those above the limit are closed, the others when their time is up; then there is room again. */
static void gateway_without_descriptors_waits_and_recovers(void **state)
{
    (void)state;
    int connections[CONNECTIONS];
    char byte = 0;
    for (int i = 0; i < CONNECTIONS; i++) {
        connections[i] = open_connection();
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        assert_true(recv(connections[i], &byte, 1, 0) <= 0);
        close(connections[i]);
    }
    int fd = open_connection();
    assert_int_equal(send(fd, "\0\0\0\x08\x04\xd2\x16\x2f", 8, 0), 8);
    assert_int_equal(recv(fd, &byte, 1, 0), 1);
    assert_int_equal(byte, 'S');
    close(fd);
    assert_in_range(cpu_ms(), 0, MAX_CPU_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gateway_without_descriptors_waits_and_recovers),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
