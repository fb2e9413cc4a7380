/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Programs that are run, well and badly, in processes that do all sorts of things with signals. */
#include "credentials/sources/child.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TIMEOUT_MS = 60000, MAX_OUTPUT = 1000 };

static struct buf output;
static int detail;

static int set_up(void **state)
{
    (void)state;
    buf_init_secret(&output, MAX_OUTPUT);
    detail = -1;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    signal(SIGCHLD, SIG_DFL);
    buf_clear(&output);
    return 0;
}

static enum child_result run_with(const char *script, const struct clock *clock)
{
    char copy[500];
    snprintf(copy, sizeof copy, "%s", script);
    char shell[] = "sh";
    char option[] = "-c";
    char *words[] = {shell, option, copy, NULL};
    return child_run(words, clock, TIMEOUT_MS, &output, &detail);
}

static enum child_result run(const char *script)
{
    return run_with(script, clock_system());
}

static void expect_output(const char *expected)
{
    assert_true(text_equal_string(buf_text(&output), expected));
}

/* Dead, or a zombie that its new parent has not looked at yet. */
static bool is_gone(pid_t pid)
{
    char path[64];
    char line[200] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return true;
    }
    bool is_read = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    return !is_read || strstr(line, ") Z ") != NULL || strstr(line, ") X ") != NULL;
}

static void output_of_a_program_that_ends_well_is_kept(void **state)
{
    (void)state;
    assert_int_equal(run("printf 'a\\nb'"), CHILD_DONE);
    expect_output("a\nb");
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left over */
    assert_int_equal(errno, ECHILD);
}

static void status_and_signal_are_told(void **state)
{
    (void)state;
    assert_int_equal(run("echo a; exit 3"), CHILD_FAILED);
    assert_int_equal(detail, 3);
    assert_int_equal(run("kill -9 $$"), CHILD_KILLED);
    assert_int_equal(detail, 9);
}

static void a_program_that_is_not_there_is_told_by_errno(void **state)
{
    (void)state;
    char name[] = "/nowhere/program";
    char *words[] = {name, NULL};
    assert_int_equal(child_run(words, clock_system(), TIMEOUT_MS, &output, &detail), CHILD_NOT_RUN);
    assert_int_equal(errno, ENOENT);
}

static void too_much_output_ends_the_program(void **state)
{
    (void)state;
    assert_int_equal(run("while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done"),
                     CHILD_TOO_MUCH);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* Runs ten seconds forward at each look. */
static int64_t hasty_monotonic_ms(void *arg)
{
    int64_t *now = arg;
    *now += 10000;
    return *now;
}

static void the_whole_group_is_killed_when_time_is_over(void **state)
{
    (void)state;
    int64_t now = 0;
    const struct clock hasty = {.monotonic_ms = hasty_monotonic_ms, .arg = &now};
    assert_int_equal(run_with("sleep 1000 & echo $!; sleep 1000", &hasty), CHILD_TIMED_OUT);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    if (output.len > 0) { /* it came so far */
        pid_t grandchild = (pid_t)strtol(output.data, NULL, 10);
        assert_true(grandchild > 0);
        for (int i = 0; i < 1000 && !is_gone(grandchild); i++) {
            poll(NULL, 0, 1);
        }
        assert_true(is_gone(grandchild));
    }
}

static void a_program_that_closes_its_output_and_stays_is_killed(void **state)
{
    (void)state;
    int64_t now = 0;
    const struct clock hasty = {.monotonic_ms = hasty_monotonic_ms, .arg = &now};
    assert_int_equal(run_with("exec >/dev/null; sleep 1000", &hasty), CHILD_TIMED_OUT);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* As an agent does that a helper starts: it may live on, and is not waited for. */
static void a_process_in_the_background_is_not_waited_for(void **state)
{
    (void)state;
    assert_int_equal(run("sleep 1000 & echo $!"), CHILD_DONE);
    pid_t background = (pid_t)strtol(output.data, NULL, 10);
    assert_true(background > 0);
    assert_false(is_gone(background));
    assert_int_equal(kill(background, SIGKILL), 0);
}

static void ignored_children_are_no_failure(void **state)
{
    (void)state;
    signal(SIGCHLD, SIG_IGN);
    assert_int_equal(run("echo a"), CHILD_DONE);
    expect_output("a\n");
}

static void reap_all(int number)
{
    (void)number;
    int saved = errno; /* NOLINT(bugprone-signal-handler): POSIX allows errno */
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
    errno = saved;
}

static void children_that_a_handler_took_are_no_failure(void **state)
{
    (void)state;
    signal(SIGCHLD, reap_all);
    assert_int_equal(run("echo a"), CHILD_DONE);
    expect_output("a\n");
}

static void the_child_has_no_descriptors_of_ours(void **state)
{
    (void)state;
    int inherited = fcntl(open("/dev/null", O_RDONLY), F_DUPFD, 50); /* no FD_CLOEXEC */
    assert_true(inherited >= 50);
    assert_int_equal(run("for f in /proc/$$/fd/*; do echo ${f##*/}; done"), CHILD_DONE);
    assert_null(strstr(output.data, "50"));
    close(inherited);
    assert_int_equal(run("readlink /proc/self/fd/0"), CHILD_DONE);
    assert_non_null(strstr(output.data, "/dev/null"));
}

/* Of a line of /proc/self/status those below 32; glibc has its own two above. */
static unsigned long ordinary_signals(const char *name)
{
    const char *line = strstr(output.data, name);
    assert_non_null(line);
    return strtoul(line + strlen(name), NULL, 16) & 0x7fffffffUL;
}

static void the_child_has_signals_of_a_new_program_and_ours_stay(void **state)
{
    (void)state;
    sigset_t blocked;
    sigset_t now;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, NULL), 0);
    assert_int_equal(run("exec grep -E '^Sig(Blk|Ign)' /proc/self/status"), CHILD_DONE);
    assert_int_equal(ordinary_signals("SigBlk:"), 0);
    assert_int_equal(ordinary_signals("SigIgn:"), 0);
    assert_int_equal(sigprocmask(SIG_UNBLOCK, &blocked, &now), 0);
    assert_int_equal(sigismember(&now, SIGTERM), 1);
    assert_true(signal(SIGPIPE, SIG_DFL) == SIG_IGN);
}

static void it_works_without_standard_descriptors(void **state)
{
    (void)state;
    int saved[3];
    for (int i = 0; i < 3; i++) {
        saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
        close(i);
    }
    enum child_result result = run("echo a");
    for (int i = 0; i < 3; i++) {
        dup2(saved[i], i);
        close(saved[i]);
    }
    assert_int_equal(result, CHILD_DONE);
    expect_output("a\n");
}

static void *run_in_thread(void *arg)
{
    enum child_result *result = arg;
    struct buf own AUTO_BUF;
    int own_detail = 0;
    char program[] = "echo";
    char word[] = "a";
    char *words[] = {program, word, NULL};
    buf_init_secret(&own, MAX_OUTPUT);
    *result = child_run(words, clock_system(), TIMEOUT_MS, &own, &own_detail);
    if (!text_equal_string(buf_text(&own), "a\n")) {
        *result = CHILD_UNREADABLE;
    }
    return NULL;
}

static void threads_can_run_programs_at_the_same_time(void **state)
{
    (void)state;
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    enum child_result results[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run_in_thread, &results[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(results[i], CHILD_DONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(output_of_a_program_that_ends_well_is_kept, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(status_and_signal_are_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_program_that_is_not_there_is_told_by_errno, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(too_much_output_ends_the_program, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_whole_group_is_killed_when_time_is_over, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_program_that_closes_its_output_and_stays_is_killed,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_process_in_the_background_is_not_waited_for, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(ignored_children_are_no_failure, set_up, tear_down),
        cmocka_unit_test_setup_teardown(children_that_a_handler_took_are_no_failure, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_child_has_no_descriptors_of_ours, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_child_has_signals_of_a_new_program_and_ours_stay,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_works_without_standard_descriptors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(threads_can_run_programs_at_the_same_time, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
