/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/fork.h"
#include "unit.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What was called, in order: a letter for the hook, a letter for the call. */
static char calls[64];

static void note(const char *who, char what)
{
    const char both[] = {*who, what, '\0'};
    strncat(calls, both, sizeof calls - strlen(calls) - 1);
}

static void note_before(void *arg)
{
    note(arg, 'b');
}

static void note_parent(void *arg)
{
    note(arg, 'p');
}

static void note_child(void *arg)
{
    note(arg, 'c');
}

static struct fork_hook hook_named(char *name)
{
    return (struct fork_hook){
        .before = note_before,
        .in_parent = note_parent,
        .in_child = note_child,
        .arg = name,
    };
}

/* Forks; what the child saw called is expected too. */
static void expect_calls(const char *in_parent, const char *in_child)
{
    calls[0] = '\0';
    pid_t child = fork();
    if (child == 0) {
        _exit(strcmp(calls, in_child) == 0 ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_string_equal(calls, in_parent);
}

static void hooks_hear_of_a_fork_until_they_are_removed(void **state)
{
    (void)state;
    struct fork_hook a = hook_named((char[]){"A"});
    struct fork_hook b = hook_named((char[]){"B"});
    struct fork_hook c = hook_named((char[]){"C"});
    expect_calls("", "");
    assert_true(fork_hook_add(&a));
    expect_calls("AbAp", "AbAc");
    assert_true(fork_hook_add(&b));
    assert_true(fork_hook_add(&c));
    expect_calls("CbBbAbCpBpAp", "CbBbAbCcBcAc");
    fork_hook_remove(&b);
    expect_calls("CbAbCpAp", "CbAbCcAc");
    fork_hook_remove(&c);
    fork_hook_remove(&a);
    expect_calls("", "");
}

static void child_can_add_and_remove_hooks(void **state)
{
    (void)state;
    struct fork_hook a = hook_named((char[]){"A"});
    struct fork_hook b = hook_named((char[]){"B"});
    assert_true(fork_hook_add(&a));
    pid_t child = fork();
    if (child == 0) {
        alarm(20); /* rather than hang */
        bool is_added = fork_hook_add(&b);
        fork_hook_remove(&a);
        fork_hook_remove(&b);
        _exit(is_added ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    fork_hook_remove(&a);
}

static void hook_without_functions_is_passed_over(void **state)
{
    (void)state;
    struct fork_hook hook = {0};
    assert_true(fork_hook_add(&hook));
    expect_calls("", "");
    fork_hook_remove(&hook);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hooks_hear_of_a_fork_until_they_are_removed),
        cmocka_unit_test(child_can_add_and_remove_hooks),
        cmocka_unit_test(hook_without_functions_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
