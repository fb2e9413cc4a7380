/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "local/report.h"
#include "unit.h"

#include <errno.h>
#include <string.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_arrives_with_its_port),
        cmocka_unit_test(an_error_arrives_as_it_was),
        cmocka_unit_test(the_longest_error_is_one_line),
        cmocka_unit_test(nonsense_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
