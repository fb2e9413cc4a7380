/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "connect/connect_retry.h"
#include "unit.h"

static uint64_t always(void *arg)
{
    return *(uint64_t *)arg;
}

static int64_t next(struct tries *tries, enum refusal_kind kind, int64_t left_ms, uint64_t chance)
{
    const struct random_source random = {.next = always, .arg = &chance};
    return tries_next(tries, kind, left_ms, &random);
}

static void what_is_final_is_never_tried_again(void **state)
{
    (void)state;
    struct tries tries = {0};
    assert_int_equal(next(&tries, REFUSAL_FINAL, 100000, 0), TRIES_GIVE_UP);
}

static void an_expired_signature_is_tried_once_more_and_at_once(void **state)
{
    (void)state;
    struct tries tries = {0};
    assert_int_equal(next(&tries, REFUSAL_EXPIRED, 1, 0), 0);
    assert_int_equal(next(&tries, REFUSAL_EXPIRED, 100000, 0), TRIES_GIVE_UP);
    assert_int_equal(next(&tries, REFUSAL_FOR_THE_TIME, 100000, 0), 50);
    assert_int_equal(next(&tries, REFUSAL_EXPIRED, 100000, 0), TRIES_GIVE_UP);
}

static void the_waits_double_up_to_five_seconds(void **state)
{
    (void)state;
    static const int64_t expected[] = {50, 100, 200, 400, 800, 1600, 2500, 2500};
    struct tries tries = {0};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(next(&tries, REFUSAL_FOR_THE_TIME, INT64_MAX, 0), expected[i]);
    }
    tries.waits = 1000000;
    assert_int_equal(next(&tries, REFUSAL_FOR_THE_TIME, INT64_MAX, 0), 2500);
}

static void chance_adds_up_to_the_other_half(void **state)
{
    (void)state;
    for (uint64_t chance = 0; chance < 500; chance++) {
        struct tries tries = {0};
        int64_t wait = next(&tries, REFUSAL_FOR_THE_TIME, 100000, chance << 50);
        assert_in_range(wait, 50, 100);
    }
}

static void a_wait_that_would_pass_the_deadline_is_not_begun(void **state)
{
    (void)state;
    struct tries tries = {0};
    assert_int_equal(next(&tries, REFUSAL_FOR_THE_TIME, 50, 0), TRIES_GIVE_UP);
    tries = (struct tries){0};
    assert_int_equal(next(&tries, REFUSAL_FOR_THE_TIME, 51, 0), 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_final_is_never_tried_again),
        cmocka_unit_test(an_expired_signature_is_tried_once_more_and_at_once),
        cmocka_unit_test(the_waits_double_up_to_five_seconds),
        cmocka_unit_test(chance_adds_up_to_the_other_half),
        cmocka_unit_test(a_wait_that_would_pass_the_deadline_is_not_begun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
