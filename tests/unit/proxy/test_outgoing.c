/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/outgoing.h"
#include "unit.h"

enum { MAX = 64 };

static const char received[] = "abcdef";

static struct text piece(size_t from, size_t len)
{
    return text_slice(text_of(received), from, len);
}

static void what_touches_is_one_stretch_and_not_copied(void **state)
{
    (void)state;
    struct outgoing out;
    outgoing_init(&out, MAX);
    outgoing_borrow(&out, piece(0, 2), true);
    outgoing_borrow(&out, piece(2, 4), false);
    assert_ptr_equal(out.borrowed.data, received);
    assert_int_equal(out.borrowed.len, 6);
    assert_int_equal(out.copied.len, 0);
    assert_false(out.is_cut);
    outgoing_clear(&out);
}

static void the_order_is_kept(void **state)
{
    (void)state;
    struct outgoing out;
    outgoing_init(&out, MAX);
    outgoing_borrow(&out, piece(0, 2), false);
    outgoing_add(&out, text_of("1"));
    outgoing_borrow(&out, piece(4, 2), false);
    outgoing_borrow(&out, piece(2, 2), true);
    assert_true(out.is_cut);
    assert_int_equal(outgoing_len(&out), 7);
    assert_string_equal(outgoing_gather(&out).data, "ab1efcd");
    assert_true(outgoing_ok(&out));
    outgoing_clear(&out);
    assert_true(out.is_cut); /* what was delivered ends there */
    outgoing_drop(&out);
    assert_false(out.is_cut);
    outgoing_clear(&out);
}

static void what_is_kept_does_not_need_the_bytes(void **state)
{
    (void)state;
    struct outgoing out;
    char bytes[] = "xyz";
    outgoing_init(&out, MAX);
    outgoing_borrow(&out, text_of(bytes), false);
    outgoing_keep(&out);
    bytes[0] = '-';
    assert_string_equal(outgoing_gather(&out).data, "xyz");
    outgoing_clear(&out);
}

/* Nothing is held after each answer of each client. */
static void nothing_needs_no_memory(void **state)
{
    (void)state;
    struct outgoing held;
    struct outgoing out;
    outgoing_init(&held, MAX);
    outgoing_init(&out, MAX);
    outgoing_keep(&out);
    outgoing_move(&out, &held);
    assert_int_equal(outgoing_gather(&out).len, 0);
    assert_int_equal(out.copied.capacity, 0);
    assert_int_equal(held.copied.capacity, 0);
    outgoing_clear(&out);
    outgoing_clear(&held);
}

static void moving_appends_and_takes_over_memory(void **state)
{
    (void)state;
    struct outgoing held;
    struct outgoing out;
    outgoing_init(&held, MAX);
    outgoing_init(&out, 2 * MAX);
    outgoing_add(&held, text_of("12"));
    outgoing_borrow(&held, piece(0, 2), true);
    const char *memory = held.copied.data;
    outgoing_move(&out, &held);
    assert_ptr_equal(out.copied.data, memory);
    assert_int_equal(out.copied.max, 2 * MAX);
    assert_int_equal(held.copied.max, MAX);
    assert_true(out.is_cut);
    assert_false(held.is_cut);
    outgoing_move(&out, &held); /* nothing: the position stays */
    assert_true(out.is_cut);
    outgoing_add(&held, text_of("3"));
    outgoing_move(&out, &held);
    assert_string_equal(outgoing_gather(&out).data, "12ab3");
    assert_false(out.is_cut);
    assert_int_equal(outgoing_len(&held), 0);
    outgoing_clear(&out);
    outgoing_clear(&held);
}

static void more_than_the_maximum_is_noticed(void **state)
{
    (void)state;
    struct outgoing held;
    struct outgoing out;
    char bytes[MAX + 1] = {0};
    outgoing_init(&held, MAX);
    outgoing_init(&out, MAX);
    outgoing_borrow(&held, text_of_bytes(bytes, sizeof bytes), false);
    assert_true(outgoing_ok(&held));
    outgoing_keep(&held);
    assert_false(outgoing_ok(&held));
    outgoing_move(&out, &held);
    assert_false(outgoing_ok(&out));
    outgoing_clear(&out);
    outgoing_clear(&held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_touches_is_one_stretch_and_not_copied),
        cmocka_unit_test(the_order_is_kept),
        cmocka_unit_test(what_is_kept_does_not_need_the_bytes),
        cmocka_unit_test(nothing_needs_no_memory),
        cmocka_unit_test(moving_appends_and_takes_over_memory),
        cmocka_unit_test(more_than_the_maximum_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
