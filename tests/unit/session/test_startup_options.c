/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "session/startup_options.h"
#include "unit.h"

static void assert_next(struct startup_options *options, enum startup_option kind,
                        const char *expected)
{
    struct text option;
    assert_int_equal(startup_options_next(options, &option), kind);
    assert_true(text_equal_string(option, expected));
}

static void every_spelling_of_a_setting_is_read(void **state)
{
    (void)state;
    struct startup_options options;
    startup_options_init(&options, text_of("  -c a=1 -cb=2  --c=3\t-c d"));
    assert_next(&options, STARTUP_OPTION_SETTING, "a=1");
    assert_next(&options, STARTUP_OPTION_SETTING, "b=2");
    assert_next(&options, STARTUP_OPTION_SETTING, "c=3");
    assert_next(&options, STARTUP_OPTION_SETTING, "d");
    assert_next(&options, STARTUP_OPTION_END, "");
    assert_true(startup_options_ok(&options));
    startup_options_clear(&options);
}

static void backslashes_keep_spaces_and_themselves(void **state)
{
    (void)state;
    struct startup_options options;
    startup_options_init(&options, text_of("-c a=x\\ y\\\\z -B 5\\"));
    assert_next(&options, STARTUP_OPTION_SETTING, "a=x y\\z");
    assert_next(&options, STARTUP_OPTION_OTHER, "-B");
    assert_next(&options, STARTUP_OPTION_OTHER, "5\\");
    assert_next(&options, STARTUP_OPTION_END, "");
    startup_options_clear(&options);
}

static void lone_c_is_a_setting_without_a_name(void **state)
{
    (void)state;
    struct startup_options options;
    startup_options_init(&options, text_of("-c"));
    assert_next(&options, STARTUP_OPTION_SETTING, "");
    assert_next(&options, STARTUP_OPTION_END, "");
    startup_options_clear(&options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_spelling_of_a_setting_is_read),
        cmocka_unit_test(backslashes_keep_spaces_and_themselves),
        cmocka_unit_test(lone_c_is_a_setting_without_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
