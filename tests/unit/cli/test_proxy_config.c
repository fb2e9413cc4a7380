/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "cli/proxy_config.h"
#include "unit.h"

static void expect(struct proxy_config *config, int line, const char *name, const char *value)
{
    struct proxy_config_line got;
    assert_true(proxy_config_next(config, &got));
    assert_int_equal(config->line, line);
    assert_true(text_equal_string(got.name, name));
    assert_true(text_equal_string(got.value, value));
}

static void lines_are_names_and_values(void **state)
{
    (void)state;
    struct proxy_config config = {.rest = text_of("# clusters\n"
                                                  "cluster a?port=5433&user=app\r\n"
                                                  "\n"
                                                  "   cluster\tb  \n"
                                                  "  # the rest\n"
                                                  "strict\n"
                                                  "tls-cert /etc/my cert.pem # not a comment")};
    struct proxy_config_line end;
    expect(&config, 2, "cluster", "a?port=5433&user=app");
    expect(&config, 4, "cluster", "b");
    expect(&config, 6, "strict", "");
    expect(&config, 7, "tls-cert", "/etc/my cert.pem # not a comment");
    assert_false(proxy_config_next(&config, &end));
    assert_false(proxy_config_next(&config, &end));
}

static void nothing_is_no_line(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\n", "\n\n  \t\n", "#", "# cluster x\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct proxy_config config = {.rest = text_of(texts[i])};
        struct proxy_config_line line;
        assert_false(proxy_config_next(&config, &line));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_names_and_values),
        cmocka_unit_test(nothing_is_no_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
