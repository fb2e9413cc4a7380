/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread whose stacks belong to the test, so that they can be searched when it has ended.  Its
 * signal handler has a stack of its own, where the kernel saves all registers.
 */
#include "base/secret.h"
#include "unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { STACK_SIZE = 1 << 20, SIGNAL_STACK_SIZE = 1 << 16, PIECE_SIZE = 16, FRAME_SIZE = 12 * 1024 };

struct remains {
    char *stack;
    char *signal_stack;
    bool has_wiped;
    char secret[512];
    char copy[512];
    volatile size_t len; /* unknown to the compiler, so that memcpy() is called */
};

static void on_signal(int number)
{
    (void)number;
}

/* The copy is wiped, as an owner does; the registers of memcpy() are nobody's. */
static void use_registers(struct remains *remains)
{
    memcpy(remains->copy, remains->secret, remains->len);
    secret_wipe(remains->copy, sizeof remains->copy);
}

static __attribute__((noinline)) void use_stack(const struct remains *remains)
{
    volatile char frame[FRAME_SIZE];
    for (size_t i = 0; i < sizeof frame; i++) {
        frame[i] = remains->secret[i % sizeof remains->secret];
    }
}

static void *leave_remains(void *arg)
{
    struct remains *remains = arg;
    const stack_t signal_stack = {.ss_sp = remains->signal_stack, .ss_size = SIGNAL_STACK_SIZE};
    stack_t former;
    if (sigaltstack(&signal_stack, &former) != 0) {
        abort();
    }
    use_stack(remains);
    use_registers(remains);
    if (remains->has_wiped) {
        secret_wipe_remains();
    }
    raise(SIGUSR2);
    sigaltstack(&former, NULL); /* a sanitizer has one, and frees it */
    return NULL;
}

static bool is_left(const struct remains *remains, const char *memory, size_t size)
{
    for (size_t i = 0; i + PIECE_SIZE <= sizeof remains->secret; i++) {
        if (memmem(memory, size, remains->secret + i, PIECE_SIZE) != NULL) {
            return true;
        }
    }
    return false;
}

static struct remains run(bool has_wiped)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    struct remains remains = {.has_wiped = has_wiped, .len = sizeof remains.secret};
    pthread_attr_t attributes;
    pthread_t thread;
    for (size_t i = 0; i < sizeof remains.secret; i++) {
        remains.secret[i] = (char)(' ' + i * 7 % 89);
    }
    remains.stack = aligned_alloc(4096, STACK_SIZE);
    remains.signal_stack = calloc(1, SIGNAL_STACK_SIZE);
    assert_true(remains.stack != NULL && remains.signal_stack != NULL);
    memset(remains.stack, 0, STACK_SIZE);
    assert_int_equal(sigaction(SIGUSR2, &action, NULL), 0);
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstack(&attributes, remains.stack, STACK_SIZE), 0);
    assert_int_equal(pthread_create(&thread, &attributes, leave_remains, &remains), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
    return remains;
}

static void end(struct remains *remains)
{
    free(remains->stack);
    free(remains->signal_stack);
}

static void nothing_remains_in_registers_and_stack(void **state)
{
    (void)state;
    struct remains remains = run(true);
    assert_false(is_left(&remains, remains.signal_stack, SIGNAL_STACK_SIZE));
    assert_false(is_left(&remains, remains.stack, STACK_SIZE));
    end(&remains);
}

/* The search itself works.  Which registers a copy uses is the C library's affair. */
static void without_wiping_something_remains(void **state)
{
    (void)state;
    struct remains remains = run(false);
    assert_true(is_left(&remains, remains.stack, STACK_SIZE));
    end(&remains);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_remains_in_registers_and_stack),
        cmocka_unit_test(without_wiping_something_remains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
