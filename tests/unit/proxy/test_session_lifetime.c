/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/session_lifetime.h"
#include "unit.h"

static enum session_lifetime_step at(int64_t over_age_ms, bool may_move, bool is_pinned)
{
    return session_lifetime_next(&(struct session_lifetime){.over_age_ms = over_age_ms,
                                                            .grace_ms = 1000,
                                                            .may_move = may_move,
                                                            .is_pinned = is_pinned});
}

static void connection_is_kept_for_its_lifetime(void **state)
{
    (void)state;
    assert_int_equal(at(-1, true, false), SESSION_LIFETIME_KEEP);
    assert_int_equal(at(-1, false, true), SESSION_LIFETIME_KEEP);
    assert_int_equal(session_lifetime_wake_ms(&(struct session_lifetime){.over_age_ms = -70}), 70);
}

static void another_one_is_requested_whether_or_not_the_session_is_busy(void **state)
{
    (void)state;
    assert_int_equal(at(0, true, false), SESSION_LIFETIME_ASK);
    assert_int_equal(at(0, false, false), SESSION_LIFETIME_ASK);
}

static void connection_is_given_up_if_no_other_one_comes(void **state)
{
    (void)state;
    assert_int_equal(at(499, true, false), SESSION_LIFETIME_ASK);
    assert_int_equal(at(500, true, false), SESSION_LIFETIME_LEAVE);
}

static void transaction_is_never_ended(void **state)
{
    (void)state;
    assert_int_equal(at(500, false, false), SESSION_LIFETIME_ASK);
    assert_int_equal(at(1000000, false, false), SESSION_LIFETIME_ASK);
}

static void session_that_cannot_move_ends_after_the_grace(void **state)
{
    (void)state;
    assert_int_equal(at(0, false, true), SESSION_LIFETIME_KEEP);
    assert_int_equal(at(999, false, true), SESSION_LIFETIME_KEEP);
    assert_int_equal(at(1000, false, true), SESSION_LIFETIME_END);
}

static void grace_is_looked_at_several_times(void **state)
{
    (void)state;
    const struct session_lifetime lifetime = {.over_age_ms = 0, .grace_ms = 1000};
    assert_in_range(session_lifetime_wake_ms(&lifetime), 1, 100);
    const struct session_lifetime none = {.over_age_ms = 5};
    assert_in_range(session_lifetime_wake_ms(&none), 1, 100); /* never 0: that would be a spin */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connection_is_kept_for_its_lifetime),
        cmocka_unit_test(another_one_is_requested_whether_or_not_the_session_is_busy),
        cmocka_unit_test(connection_is_given_up_if_no_other_one_comes),
        cmocka_unit_test(transaction_is_never_ended),
        cmocka_unit_test(session_that_cannot_move_ends_after_the_grace),
        cmocka_unit_test(grace_is_looked_at_several_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
