/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "config/environment.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static void a_value_is_returned_as_it_is(void **state)
{
    (void)state;
    setenv("DSQL_TEST_VALUE", " eu-west-1 ", 1);
    assert_string_equal(environment_get("DSQL_TEST_VALUE"), " eu-west-1 ");
}

static void unset_empty_and_blank_are_the_same(void **state)
{
    (void)state;
    unsetenv("DSQL_TEST_VALUE");
    assert_null(environment_get("DSQL_TEST_VALUE"));
    setenv("DSQL_TEST_VALUE", "", 1);
    assert_null(environment_get("DSQL_TEST_VALUE"));
    setenv("DSQL_TEST_VALUE", " \t\n", 1);
    assert_null(environment_get("DSQL_TEST_VALUE"));
}

static void home_comes_from_the_variable(void **state)
{
    (void)state;
    setenv("HOME", "/somewhere", 1);
    AUTO_FREE char *home = environment_home();
    assert_string_equal(home, "/somewhere");
}

static void home_without_the_variable_is_not_the_variable(void **state)
{
    (void)state;
    setenv("HOME", "/somewhere", 1);
    unsetenv("HOME");
    AUTO_FREE char *home = environment_home(); /* NULL where the user has no entry */
    assert_true(home == NULL || strcmp(home, "/somewhere") != 0);
}

static void a_path_that_is_too_long_is_no_lack_of_memory(void **state)
{
    (void)state;
    enum { LENGTH = 100000 };
    AUTO_FREE char *name = mem_new(LENGTH + 1);
    assert_non_null(name);
    for (size_t i = 0; i < LENGTH; i++) {
        name[i] = 'x';
    }
    setenv("DSQL_TEST_VALUE", name, 1);
    AUTO_FREE char *path = environment_path("DSQL_TEST_VALUE", "below");
    assert_non_null(path);
    assert_int_equal(strlen(path), LENGTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_returned_as_it_is),
        cmocka_unit_test(unset_empty_and_blank_are_the_same),
        cmocka_unit_test(home_comes_from_the_variable),
        cmocka_unit_test(home_without_the_variable_is_not_the_variable),
        cmocka_unit_test(a_path_that_is_too_long_is_no_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
