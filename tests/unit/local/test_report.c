/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "local/report.h"
#include "unit.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char last_progress[512];

static void keep_progress(const char *line)
{
    snprintf(last_progress, sizeof last_progress, "%s", line);
}

/* Runs write in a child, as a daemon, and reads what it reports. */
static struct report read_from(void (*write)(void))
{
    int ends[2];
    struct report report = {.progress = keep_progress, .port = -1};
    last_progress[0] = '\0';
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        report_begin(ends[1]);
        write();
        _exit(0);
    }
    close(ends[1]);
    report_read(ends[0], &report);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return report;
}

static void write_start(void)
{
    report_progress("starting %s", "PostgreSQL");
    report_ready(5433);
}

static void a_start_arrives_with_its_port(void **state)
{
    (void)state;
    struct report report = read_from(write_start);
    assert_string_equal(last_progress, "starting PostgreSQL");
    assert_int_equal(report.port, 5433);
}

static void write_failure(void)
{
    dsql_error err = {0};
    errno = EACCES;
    fail_errno(&err, DSQL_ERR_SYSTEM, "could not create \"%s\"", "a file");
    report_error(&err);
}

static void an_error_arrives_as_it_was(void **state)
{
    (void)state;
    struct report report = read_from(write_failure);
    assert_int_equal(report.port, -1);
    assert_int_equal(report.error.status, DSQL_ERR_SYSTEM);
    assert_int_equal(report.error.os_errno, EACCES);
    assert_string_equal(report.error.message, "could not create \"a file\": Permission denied");
}

static void write_longest(void)
{
    char text[DSQL_ERROR_MESSAGE_SIZE];
    dsql_error err = {0};
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    (fail)(&err, DSQL_ERR_USAGE, "%s", text);
    report_error(&err);
}

static void the_longest_error_is_one_line(void **state)
{
    (void)state;
    struct report report = read_from(write_longest);
    assert_int_equal(report.error.status, DSQL_ERR_USAGE);
    assert_int_equal(strlen(report.error.message), DSQL_ERROR_MESSAGE_SIZE - 1);
}

static void write_nonsense(void)
{
    dprintf(REPORT_FD, "\nr\nr x\nr 70000\ne\ne x y z\np\n");
}

static void nonsense_changes_nothing(void **state)
{
    (void)state;
    struct report report = read_from(write_nonsense);
    assert_int_equal(report.port, -1);
    assert_int_equal(report.error.status, DSQL_OK);
    assert_string_equal(last_progress, "");
}

/* A socket with a name that the kernel chooses. */
static int listen_as_manager(struct service_notify *notify)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = offsetof(struct sockaddr_un, sun_path);
    char name[64];
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    size = sizeof address;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(name, sizeof name, "@%.*s", (int)(size - offsetof(struct sockaddr_un, sun_path) - 1),
             address.sun_path + 1);
    assert_int_equal(service_notify_init(notify, name, NULL), DSQL_OK);
    return fd;
}

static void expect_message(int fd, const char *expected)
{
    char message[256];
    ssize_t len = recv(fd, message, sizeof message - 1, 0);
    message[len < 0 ? 0 : len] = '\0';
    assert_string_equal(message, expected);
}

static void in_the_foreground_the_service_manager_is_told(void **state)
{
    (void)state;
    struct service_notify notify;
    dsql_error err = {0};
    int fd = listen_as_manager(&notify);
    report_begin_foreground(&notify);
    report_progress("starting %s", "PostgreSQL");
    expect_message(fd, "STATUS=starting PostgreSQL");
    report_error(&err); /* to nobody: there is no pipe */
    expect_message(fd, "");
    report_ready(5433);
    expect_message(fd, "READY=1\nSTATUS=accepts connections on port 5433");
    report_stopping();
    expect_message(fd, "STOPPING=1\nSTATUS=stopping");
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_arrives_with_its_port),
        cmocka_unit_test(an_error_arrives_as_it_was),
        cmocka_unit_test(the_longest_error_is_one_line),
        cmocka_unit_test(nonsense_changes_nothing),
        cmocka_unit_test(in_the_foreground_the_service_manager_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
