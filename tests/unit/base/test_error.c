/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "unit.h"

#undef fail /* cmocka's macro; here it is base/error.h that is tested */

#include <errno.h>
#include <string.h>

static void a_message_is_one_line(void **state)
{
    (void)state;
    dsql_error err;
    assert_int_equal(fail(&err, DSQL_ERR_QUERY, "a\nb\tc\x1b[31m\n"), DSQL_ERR_QUERY);
    assert_string_equal(err.message, "a b c [31m");
    assert_string_equal(err.sqlstate, "");
    assert_int_equal(err.os_errno, 0);
}

static void a_long_message_ends_at_a_whole_character(void **state)
{
    (void)state;
    char text[1001];
    for (int i = 0; i < 500; i++) {
        text[2 * i] = '\xc3';
        text[2 * i + 1] = '\xa4';
    }
    text[1000] = '\0';
    dsql_error err;
    fail(&err, DSQL_ERR_QUERY, "%s", text);
    assert_true(strlen(err.message) % 2 == 0);
    assert_true(strlen(err.message) > 400);
    fail(&err, DSQL_ERR_QUERY, "x%s", text);
    assert_true(strlen(err.message) % 2 == 1);
}

static void a_message_may_quote_the_one_it_replaces(void **state)
{
    (void)state;
    dsql_error err;
    fail(&err, DSQL_ERR_QUERY, "inner");
    fail(&err, DSQL_ERR_OCC, "outer: %s", err.message);
    assert_string_equal(err.message, "outer: inner");
    error_set_sqlstate(&err, "40001");
    assert_string_equal(err.sqlstate, "40001");
    error_set_sqlstate(&err, "4000");
    assert_string_equal(err.sqlstate, "");
}

static void other_words_keep_what_the_server_said(void **state)
{
    (void)state;
    dsql_error err = {0};
    fail(&err, DSQL_ERR_QUERY, "inner");
    error_set_sqlstate(&err, "23505");
    error_set_text(err.constraint_name, sizeof err.constraint_name, "items_pkey");
    assert_int_equal(fail_again(&err, DSQL_ERR_OCC, "outer: %s", err.message), DSQL_ERR_OCC);
    assert_int_equal(err.status, DSQL_ERR_OCC);
    assert_string_equal(err.message, "outer: inner");
    assert_string_equal(err.sqlstate, "23505");
    assert_string_equal(err.constraint_name, "items_pkey");
    fail(&err, DSQL_ERR_QUERY, "%s", err.message); /* a new error has nothing of the old one */
    assert_string_equal(err.message, "outer: inner");
    assert_string_equal(err.constraint_name, "");
}

/* Where the message is built later. */
static __attribute__((noinline)) void dirty_the_stack(void)
{
    volatile char rubbish[8192];
    for (size_t i = 0; i < sizeof rubbish; i++) {
        rubbish[i] = 'r';
    }
}

static void nothing_of_the_stack_is_left_after_the_message(void **state)
{
    (void)state;
    dsql_error err = {0};
    dirty_the_stack();
    fail(&err, DSQL_ERR_QUERY, "x");
    for (size_t i = 1; i < sizeof err.message; i++) {
        assert_int_equal(err.message[i], 0);
    }
}

static void a_field_is_one_line_of_whole_characters(void **state)
{
    (void)state;
    char field[8];
    error_set_text(field, sizeof field, "a\nb");
    assert_string_equal(field, "a b");
    error_set_text(field, sizeof field, "123456\xc3\xa4");
    assert_string_equal(field, "123456");
    error_set_text(field, sizeof field, NULL);
    assert_string_equal(field, "");
}

static void errno_is_kept_and_named(void **state)
{
    (void)state;
    dsql_error err;
    errno = ENOENT;
    fail_errno(&err, DSQL_ERR_USAGE, "could not read x");
    assert_int_equal(err.os_errno, ENOENT);
    assert_string_equal(err.message, "could not read x: No such file or directory");
}

static void nobody_need_listen(void **state)
{
    (void)state;
    assert_int_equal(fail(NULL, DSQL_ERR_TOKEN, "x"), DSQL_ERR_TOKEN);
    assert_int_equal(fail_nomem(NULL), DSQL_ERR_NOMEM);
    assert_int_equal(fail_again(NULL, DSQL_ERR_TOKEN, "x"), DSQL_ERR_TOKEN);
    error_set_sqlstate(NULL, "40001");
}

static void every_status_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(dsql_status_name(DSQL_OK), "ok");
    assert_string_equal(dsql_status_name(DSQL_ERR_COMMIT_UNKNOWN), "commit_unknown");
    assert_string_equal(dsql_status_name(DSQL_ERR_SYSTEM), "system");
    assert_int_equal(DSQL_ERR_SYSTEM, 12);
    assert_string_equal(dsql_status_name((dsql_status)999), "unknown");
    for (int i = 0; i <= DSQL_ERR_SYSTEM; i++) {
        assert_string_not_equal(dsql_status_name((dsql_status)i), "unknown");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_one_line),
        cmocka_unit_test(a_long_message_ends_at_a_whole_character),
        cmocka_unit_test(a_message_may_quote_the_one_it_replaces),
        cmocka_unit_test(other_words_keep_what_the_server_said),
        cmocka_unit_test(nothing_of_the_stack_is_left_after_the_message),
        cmocka_unit_test(a_field_is_one_line_of_whole_characters),
        cmocka_unit_test(errno_is_kept_and_named),
        cmocka_unit_test(nobody_need_listen),
        cmocka_unit_test(every_status_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
