/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/token_age.h"
#include "unit.h"

static void no_token_is_not_usable(void **state)
{
    (void)state;
    const struct token_age none = {0};
    assert_false(token_age_is_usable(&none, 1000));
    assert_int_equal(token_age_renew_in_s(&none, 1000), 0);
}

static void last_minute_is_not_used(void **state)
{
    (void)state;
    const struct token_age age = {.made_s = 1000, .expires_s = 1900};
    assert_true(token_age_is_usable(&age, 1839));
    assert_false(token_age_is_usable(&age, 1840));
}

static void of_a_brief_token_a_tenth_is_not_used(void **state)
{
    (void)state;
    const struct token_age age = {.made_s = 1000, .expires_s = 1020};
    assert_true(token_age_is_usable(&age, 1017));
    assert_false(token_age_is_usable(&age, 1018));
}

static void token_is_renewed_when_a_third_is_left(void **state)
{
    (void)state;
    const struct token_age age = {.made_s = 1000, .expires_s = 1900};
    assert_int_equal(token_age_renew_in_s(&age, 1000), 600);
    assert_int_equal(token_age_renew_in_s(&age, 1599), 1);
    assert_int_equal(token_age_renew_in_s(&age, 5000), 0);
    assert_int_equal(token_age_renew_in_s(&age, -100000), 900); /* the clock was set back */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_token_is_not_usable),
        cmocka_unit_test(last_minute_is_not_used),
        cmocka_unit_test(of_a_brief_token_a_tenth_is_not_used),
        cmocka_unit_test(token_is_renewed_when_a_third_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
