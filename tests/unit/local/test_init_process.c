/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A process is not the first one of a container here, but as a subreaper it gets its orphans in the
 * same way.
 */
#include "local/init_process.h"
#include "unit.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PLENTY_MS = 60000 };

/*
 * Runs body in the child of a process that acts as the first one, whose own exit status is the one
 * that it was given; in another process, because the first one wipes its environment.
 */
static void run_as_first(void (*body)(int to_parent), int *to_read, pid_t *first)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    *first = fork();
    if (*first == 0) {
        int status = 0;
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        if (init_process_fork(clock_system(), PLENTY_MS, &status)) {
            body(ends[1]);
            _exit(0);
        }
        _exit(status);
    }
    close(ends[1]);
    *to_read = ends[0];
}

static int end_of(pid_t first)
{
    int status = 0;
    assert_int_equal(waitpid(first, &status, 0), first);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void exit_with_7(int to_parent)
{
    (void)to_parent;
    _exit(7);
}

static void die_of_sigkill(int to_parent)
{
    (void)to_parent;
    kill(getpid(), SIGKILL);
}

static void the_exit_status_is_that_of_the_child(void **state)
{
    (void)state;
    int fd = -1;
    pid_t first = 0;
    run_as_first(exit_with_7, &fd, &first);
    assert_int_equal(end_of(first), 7);
    close(fd);
    run_as_first(die_of_sigkill, &fd, &first);
    assert_int_equal(end_of(first), 128 + SIGKILL);
    close(fd);
}

static volatile sig_atomic_t received;

static void note(int number)
{
    received = number;
}

/* Ends with the number of the signal that it got. */
static void wait_for_signal(int to_parent)
{
    sigset_t none;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    signal(SIGTERM, note);
    signal(SIGINT, note);
    signal(SIGHUP, note);
    signal(SIGQUIT, note);
    (void)!write(to_parent, "r", 1);
    sigemptyset(&none);
    while (received == 0) {
        sigsuspend(&none);
    }
    _exit(received);
}

static void signals_are_passed_on(void **state)
{
    (void)state;
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        int fd = -1;
        pid_t first = 0;
        char byte = 0;
        run_as_first(wait_for_signal, &fd, &first);
        assert_int_equal(read(fd, &byte, 1), 1);
        assert_int_equal(kill(first, numbers[i]), 0);
        assert_int_equal(end_of(first), numbers[i]);
        close(fd);
    }
}

/* The child has the default for SIGTERM, as a start before its event loop has it. */
static void wait_for_ever(int to_parent)
{
    (void)!write(to_parent, "r", 1);
    for (;;) {
        pause();
    }
}

static void a_signal_that_ends_the_child_is_in_the_exit_status(void **state)
{
    (void)state;
    int fd = -1;
    pid_t first = 0;
    char byte = 0;
    run_as_first(wait_for_ever, &fd, &first);
    assert_int_equal(read(fd, &byte, 1), 1);
    assert_int_equal(kill(first, SIGTERM), 0);
    assert_int_equal(end_of(first), 128 + SIGTERM);
    close(fd);
}

/* The orphan ends at once; the child goes on until it is told to end. */
static void leave_an_orphan(int to_parent)
{
    pid_t middle = fork();
    if (middle == 0) {
        pid_t orphan = fork();
        if (orphan == 0) {
            _exit(0);
        }
        (void)!write(to_parent, &orphan, sizeof orphan);
        _exit(0);
    }
    waitpid(middle, NULL, 0);
    wait_for_signal(to_parent);
}

static void orphans_are_reaped(void **state)
{
    (void)state;
    int fd = -1;
    pid_t first = 0;
    pid_t orphan = 0;
    char byte = 0;
    run_as_first(leave_an_orphan, &fd, &first);
    assert_int_equal(read(fd, &orphan, sizeof orphan), sizeof orphan);
    assert_int_equal(read(fd, &byte, 1), 1);
    while (kill(orphan, 0) == 0) { /* a process that nobody has waited for keeps its number */
        sched_yield();
    }
    kill(first, SIGTERM);
    assert_int_equal(end_of(first), SIGTERM);
    close(fd);
}

/* As PostgreSQL, which goes on for a moment after its daemon was killed. */
static void die_and_leave_one_that_ends_later(int to_parent)
{
    int ends[2];
    (void)!pipe(ends);
    if (fork() == 0) {
        char byte = 0;
        close(ends[1]);
        (void)!read(ends[0], &byte, 1); /* until the parent has gone */
        (void)!write(to_parent, "l", 1);
        _exit(0);
    }
    kill(getpid(), SIGKILL);
}

static void the_rest_of_a_killed_child_is_waited_for(void **state)
{
    (void)state;
    int fd = -1;
    pid_t first = 0;
    char byte = 0;
    run_as_first(die_and_leave_one_that_ends_later, &fd, &first);
    assert_int_equal(end_of(first), 128 + SIGKILL);
    assert_int_equal(read(fd, &byte, 1), 1);
    assert_int_equal(read(fd, &byte, 1), 0); /* nobody has the pipe any more */
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_exit_status_is_that_of_the_child),
        cmocka_unit_test(signals_are_passed_on),
        cmocka_unit_test(a_signal_that_ends_the_child_is_in_the_exit_status),
        cmocka_unit_test(orphans_are_reaped),
        cmocka_unit_test(the_rest_of_a_killed_child_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
