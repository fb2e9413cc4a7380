/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* What needs no psql; the rest is in tests/integration/local_foreground.sh. */
#include "base/error.h"
#include "local/file.h"
#include "local/init_scripts.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/dsql-scripts.XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return directory_remove(folder, NULL) == DSQL_OK ? 0 : -1;
}

static void create(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(file_replace(path, 0600, text_of(""), NULL), DSQL_OK);
}

static void scripts_are_found_in_the_order_of_their_bytes(void **state)
{
    (void)state;
    static const char *const names[] = {"b.sql",       "10.sql", "B.sql", "9.sql",
                                        ".hidden.sql", "a.sh",   "sql",   "c.sql.gz"};
    static const char *const expected[] = {"10.sql", "9.sql", "B.sql", "b.sql"};
    struct init_scripts scripts;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        create(names[i]);
    }
    assert_int_equal(init_scripts_find(&scripts, folder, NULL), DSQL_OK);
    assert_int_equal(scripts.count, 4);
    for (int i = 0; i < scripts.count; i++) {
        assert_string_equal(scripts.names[i], expected[i]);
    }
    init_scripts_clear(&scripts);
}

static void a_missing_directory_is_an_error(void **state)
{
    (void)state;
    struct init_scripts scripts;
    dsql_error err = {0};
    assert_int_equal(init_scripts_find(&scripts, "/nonexistent", &err), DSQL_ERR_SYSTEM);
    assert_non_null(strstr(err.message, "\"/nonexistent\""));
    init_scripts_clear(&scripts);
}

static void an_empty_directory_has_no_scripts(void **state)
{
    (void)state;
    struct init_scripts scripts;
    assert_int_equal(init_scripts_find(&scripts, folder, NULL), DSQL_OK);
    assert_int_equal(scripts.count, 0);
    init_scripts_clear(&scripts);
}

static void a_start_is_unfinished_until_its_scripts_have_run(void **state)
{
    (void)state;
    struct cluster cluster = {0};
    snprintf(cluster.dir, sizeof cluster.dir, "%s", folder);
    snprintf(cluster.initializing, sizeof cluster.initializing, "%s/initializing", folder);
    assert_false(init_scripts_are_unfinished(&cluster));
    assert_int_equal(init_scripts_begin(&cluster, NULL), DSQL_OK);
    assert_true(init_scripts_are_unfinished(&cluster));
    assert_int_equal(init_scripts_end(&cluster, NULL), DSQL_OK);
    assert_false(init_scripts_are_unfinished(&cluster));
    assert_int_equal(init_scripts_end(&cluster, NULL), DSQL_OK); /* again is fine */
}

static void the_error_is_found_in_the_output_of_psql(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"psql:/i/1.sql:3: ERROR:  syntax error at or near \"x\"\nLINE 1: x\n        ^\n",
         "psql:/i/1.sql:3: ERROR:  syntax error at or near \"x\""},
        {"psql:/i/1.sql:1: NOTICE:  hello\npsql:/i/1.sql:2: ERROR:  no\n",
         "psql:/i/1.sql:2: ERROR:  no"},
        {"psql: error: connection to server failed", "psql: error: connection to server failed"},
        {"/i/1.sql: Permission denied\n", "/i/1.sql: Permission denied"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char found[256];
        init_scripts_find_error(text_of(cases[i][0]), found, sizeof found);
        assert_string_equal(found, cases[i][1]);
    }
    char cut[8];
    init_scripts_find_error(text_of("a long line without an end"), cut, sizeof cut);
    assert_string_equal(cut, "a long ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(scripts_are_found_in_the_order_of_their_bytes, make_folder,
                                        remove_folder),
        cmocka_unit_test(a_missing_directory_is_an_error),
        cmocka_unit_test_setup_teardown(an_empty_directory_has_no_scripts, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_start_is_unfinished_until_its_scripts_have_run,
                                        make_folder, remove_folder),
        cmocka_unit_test(the_error_is_found_in_the_output_of_psql),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
