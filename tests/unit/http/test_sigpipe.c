/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A write into a closed pipe does not end the program, and its own signals stay. */
#include "http/sigpipe.h"
#include "unit.h"

#include <errno.h>
#include <unistd.h>

static int ends[2];

static void write_into_nothing(void)
{
    assert_int_equal(write(ends[1], "x", 1), -1);
    assert_int_equal(errno, EPIPE);
}

static bool is_blocked(void)
{
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    return sigismember(&mask, SIGPIPE) == 1;
}

static bool is_pending_now(void)
{
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGPIPE) == 1;
}

static int set_up(void **state)
{
    (void)state;
    if (pipe(ends) != 0) {
        return -1;
    }
    return close(ends[0]);
}

static int tear_down(void **state)
{
    (void)state;
    return close(ends[1]);
}

static void signal_of_ours_is_dropped(void **state)
{
    (void)state;
    struct sigpipe held;
    assert_false(is_blocked());
    sigpipe_hold(&held);
    write_into_nothing();
    sigpipe_release(&held); /* here the program would end */
    assert_false(is_blocked());
    assert_false(is_pending_now());
}

static void signal_of_the_program_stays(void **state)
{
    (void)state;
    struct sigpipe outer;
    struct sigpipe inner;
    sigpipe_hold(&outer);
    write_into_nothing();
    sigpipe_hold(&inner);
    write_into_nothing();
    sigpipe_release(&inner);
    assert_true(is_blocked());
    assert_true(is_pending_now());
    sigpipe_release(&outer);
    assert_false(is_pending_now());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(signal_of_ours_is_dropped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(signal_of_the_program_stays, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
