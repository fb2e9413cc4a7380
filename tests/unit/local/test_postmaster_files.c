/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "local/postmaster_files.h"
#include "unit.h"

#include <string.h>

static void a_pid_file_is_read_while_it_grows(void **state)
{
    (void)state;
    struct postmaster_pid file = postmaster_pid_parse(text_of("4711\n/data\n17\n"));
    assert_int_equal(file.pid, 4711);
    assert_int_equal(file.status, POSTMASTER_STATUS_UNKNOWN);
    file = postmaster_pid_parse(text_of("4711\n/data\n17\n5432\n/run\n\n  1 2\nstarting\n"));
    assert_int_equal(file.status, POSTMASTER_STATUS_STARTING);
    file = postmaster_pid_parse(text_of("4711\n/data\n17\n5432\n/run\n\n  1 2\nready   \n"));
    assert_int_equal(file.status, POSTMASTER_STATUS_READY);
    assert_int_equal(postmaster_pid_parse(text_of("")).pid, 0);
    assert_int_equal(postmaster_pid_parse(text_of("-4711\n")).pid, 0);
    assert_int_equal(postmaster_pid_parse(text_of("1\n")).pid, 0); /* nobody's server */
}

static const char *complaint_of(const char *log)
{
    static char words[POSTMASTER_COMPLAINT_SIZE];
    postmaster_log_find_complaint(text_of(log), words);
    return words;
}

static void the_last_reason_in_the_log_counts(void **state)
{
    (void)state;
    assert_string_equal(complaint_of(""), "");
    assert_string_equal(complaint_of("2026-01-01 UTC [7] LOG:  starting\n"), "");
    assert_string_equal(complaint_of("x [7] FATAL:  the first\nx [7] FATAL:  the last\n"
                                     "x [7] LOG:  database system is shut down\n"),
                        "the last");
    assert_string_equal(complaint_of("x [7] PANIC:  could not locate a valid checkpoint record"),
                        "could not locate a valid checkpoint record");
    assert_string_equal(complaint_of("initdb: error: could not create directory\n"),
                        "error: could not create directory");
    assert_string_equal(complaint_of("postgres: could not access the server configuration file\n"),
                        "could not access the server configuration file");
}

static void a_process_that_was_killed_is_a_reason(void **state)
{
    (void)state;
    assert_string_equal(
        complaint_of("x [7] LOG:  server process (PID 8) was terminated by signal 9: "
                     "Killed\nx [7] LOG:  all server processes terminated\n"),
        "server process (PID 8) was terminated by signal 9: Killed");
}

/* The start itself has asked whether the server is there. */
static void what_clients_were_told_is_no_reason(void **state)
{
    (void)state;
    assert_string_equal(complaint_of("x [7] FATAL:  a reason\n"
                                     "x [8] FATAL:  the database system is starting up\n"),
                        "a reason");
}

static void a_reason_is_one_line_of_printable_text(void **state)
{
    (void)state;
    char log[1000] = "FATAL:  \"\xc3\xa4\x1b[31m";
    assert_string_equal(complaint_of(log), "\"???[31m");
    for (size_t i = 20; i < sizeof log - 1; i++) {
        log[i] = 'x';
    }
    for (size_t i = 8; i < 20; i++) {
        log[i] = 'y';
    }
    assert_int_equal(strlen(complaint_of(log)), POSTMASTER_COMPLAINT_SIZE - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pid_file_is_read_while_it_grows),
        cmocka_unit_test(the_last_reason_in_the_log_counts),
        cmocka_unit_test(a_process_that_was_killed_is_a_reason),
        cmocka_unit_test(what_clients_were_told_is_no_reason),
        cmocka_unit_test(a_reason_is_one_line_of_printable_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
