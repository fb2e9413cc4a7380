/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "connect/connect_retry.h"
#include "unit.h"

static uint64_t always(void *arg)
{
    return *(uint64_t *)arg;
}

static int64_t next(struct connect_retry *retry, enum connect_failure_kind kind, int64_t left_ms,
                    uint64_t chance)
{
    const struct random_source random = {.next = always, .arg = &chance};
    return connect_retry_next(retry, kind, left_ms, &random);
}

static void a_permanent_failure_is_never_retried(void **state)
{
    (void)state;
    struct connect_retry retry = {0};
    assert_int_equal(next(&retry, CONNECT_FAILURE_PERMANENT, 100000, 0), CONNECT_RETRY_GIVE_UP);
    assert_int_equal(next(&retry, CONNECT_FAILURE_UNREACHABLE, 100000, 0), CONNECT_RETRY_GIVE_UP);
}

static void an_expired_signature_is_retried_once_without_a_wait(void **state)
{
    (void)state;
    struct connect_retry retry = {0};
    assert_int_equal(next(&retry, CONNECT_FAILURE_EXPIRED, 1, 0), 0);
    assert_int_equal(next(&retry, CONNECT_FAILURE_EXPIRED, 100000, 0), CONNECT_RETRY_GIVE_UP);
    assert_int_equal(next(&retry, CONNECT_FAILURE_TRANSIENT, 100000, 0), 50);
    assert_int_equal(next(&retry, CONNECT_FAILURE_EXPIRED, 100000, 0), CONNECT_RETRY_GIVE_UP);
}

static void the_waits_double_up_to_five_seconds(void **state)
{
    (void)state;
    static const int64_t expected[] = {50, 100, 200, 400, 800, 1600, 2500, 2500};
    struct connect_retry retry = {0};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(next(&retry, CONNECT_FAILURE_TRANSIENT, INT64_MAX, 0), expected[i]);
    }
    retry.waits = 1000000;
    assert_int_equal(next(&retry, CONNECT_FAILURE_TRANSIENT, INT64_MAX, 0), 2500);
}

static void half_of_a_wait_is_random(void **state)
{
    (void)state;
    for (uint64_t chance = 0; chance < 500; chance++) {
        struct connect_retry retry = {0};
        int64_t wait = next(&retry, CONNECT_FAILURE_TRANSIENT, 100000, chance << 50);
        assert_in_range(wait, 50, 100);
    }
}

static void a_wait_that_would_pass_the_deadline_is_not_started(void **state)
{
    (void)state;
    struct connect_retry retry = {0};
    assert_int_equal(next(&retry, CONNECT_FAILURE_TRANSIENT, 50, 0), CONNECT_RETRY_GIVE_UP);
    retry = (struct connect_retry){0};
    assert_int_equal(next(&retry, CONNECT_FAILURE_TRANSIENT, 51, 0), 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_permanent_failure_is_never_retried),
        cmocka_unit_test(an_expired_signature_is_retried_once_without_a_wait),
        cmocka_unit_test(the_waits_double_up_to_five_seconds),
        cmocka_unit_test(half_of_a_wait_is_random),
        cmocka_unit_test(a_wait_that_would_pass_the_deadline_is_not_started),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
