/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/message_code.h"
#include "unit.h"

#undef fail /* cmocka's macro; here it is base/error.h that makes errors */

#include <stdio.h>
#include <string.h>

static const struct {
    const char *code;
    const char *patterns;
} entries[] = {
#include "message_codes.inc"
};

static const char *code_of(const char *message)
{
    return message_code(text_of(message));
}

/* A message as the pattern describes it, with "zq" for each value. */
static void make_example(struct text pattern, char out[2048])
{
    size_t len = 0;
    for (size_t i = 0; i < pattern.len; i++) {
        bool is_hole = pattern.data[i] == '\001' || pattern.data[i] == '\002';
        len += (size_t)snprintf(out + len, 2048 - len, "%.*s", is_hole ? 2 : 1,
                                is_hole ? "zq" : pattern.data + i);
    }
}

static void every_text_of_the_page_has_the_code_of_its_entry(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        struct text rest = text_of(entries[i].patterns);
        struct text pattern;
        while (text_next_line(&rest, &pattern)) {
            char example[2048];
            make_example(pattern, example);
            if (strcmp(code_of(example), entries[i].code) != 0) {
                print_error("%s has the code %s, not %s\n", example, code_of(example),
                            entries[i].code);
                wrong++;
            }
        }
    }
    assert_int_equal(wrong, 0);
}

static void inner_message_is_more_than_the_text_around_it(void **state)
{
    (void)state;
    assert_string_equal(code_of("could not connect to h: nothing that is known"), "DSQL-311");
    assert_string_equal(code_of("could not connect to h: connection to server at \"h\" (10.0.0.1), "
                                "port 5432 failed: Connection refused; check the port, and that a "
                                "server listens there"),
                        "DSQL-302");
    assert_string_equal(code_of("gave up after 3 attempts (90 ms): conflict with another "
                                "transaction: change conflicts with another transaction (OC000)"),
                        "DSQL-601");
}

static void unknown_text_around_a_message_is_left_out(void **state)
{
    (void)state;
    assert_string_equal(code_of("psql: error: FATAL:  the pool is closing"), "DSQL-703");
    assert_string_equal(code_of("the pool is closing; try again"), "DSQL-703");
    assert_string_equal(code_of("could not connect to h: unable to accept connection, access "
                                "denied: Role pg_x not supported; check that IAM allows these "
                                "credentials dsql:DbConnect on this cluster"),
                        "DSQL-508");
    assert_string_equal(code_of("could not connect to h: unable to accept connection, access "
                                "denied: a hint that is new; check that IAM allows it"),
                        "DSQL-501");
    assert_string_equal(code_of("psql: error: "), "");
    assert_string_equal(code_of(":::"), "");
}

static void text_that_only_begins_or_ends_alike_has_no_code(void **state)
{
    (void)state;
    assert_string_equal(code_of("the pool is closing"), "DSQL-703");
    assert_string_equal(code_of("the pool is closing soon"), "");
    assert_string_equal(code_of("perhaps the pool is closing"), "");
    assert_string_equal(code_of("the pool is closin"), "");
    assert_string_equal(code_of(""), "");
}

static void blanks_around_a_message_do_not_matter(void **state)
{
    (void)state;
    assert_string_equal(code_of("  the pool is closing\n"), "DSQL-703");
}

static void value_may_be_empty_and_contain_anything(void **state)
{
    (void)state;
    assert_string_equal(code_of("no connection is ready:  of 20 are in use; try again later, or "
                                "wait with dsql_pool_acquire()"),
                        "DSQL-702");
    assert_string_equal(code_of("could not open an index: \001\002"), "");
}

static void error_has_the_code_of_its_message_or_of_its_sqlstate(void **state)
{
    (void)state;
    dsql_error err = {0};
    assert_string_equal(dsql_error_code(NULL), "");
    assert_string_equal(dsql_error_code(&err), "");
    fail(&err, DSQL_ERR_CLOSED, "the pool is closing");
    assert_string_equal(dsql_error_code(&err), "DSQL-703");
    fail(&err, DSQL_ERR_QUERY, "la requête est interrompue");
    assert_string_equal(dsql_error_code(&err), "");
    error_set_sqlstate(&err, "57014");
    assert_string_equal(dsql_error_code(&err), "DSQL-606");
    error_set_sqlstate(&err, "23505");
    assert_string_equal(dsql_error_code(&err), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_of_the_page_has_the_code_of_its_entry),
        cmocka_unit_test(inner_message_is_more_than_the_text_around_it),
        cmocka_unit_test(unknown_text_around_a_message_is_left_out),
        cmocka_unit_test(text_that_only_begins_or_ends_alike_has_no_code),
        cmocka_unit_test(blanks_around_a_message_do_not_matter),
        cmocka_unit_test(value_may_be_empty_and_contain_anything),
        cmocka_unit_test(error_has_the_code_of_its_message_or_of_its_sqlstate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
