/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "local/file.h"
#include "local/postgres_found.h"
#include "unit.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAJOR = 15 };

static char folder[64];
static char bindir[POSTGRES_BINDIR_SIZE];

static const char *const files[] = {"initdb", "postgres", "pg_config", "other_pg_config", "note"};
enum { SERVER_PROGRAMS = 2, PROGRAMS = 4, FILES = 5 };

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* As a package does it: another file takes its place. */
static void install(const char *name)
{
    assert_int_equal(file_replace(path_of(name), 0700, text_of("a program"), NULL), DSQL_OK);
}

static bool is_known(int major)
{
    return postgres_found_read(path_of("note"), major, bindir);
}

static void note(void)
{
    postgres_found_write(path_of("note"), MAJOR, folder);
    assert_true(is_known(MAJOR));
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/dsql-found.XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    for (int i = 0; i < PROGRAMS; i++) {
        install(files[i]);
    }
    setenv("PATH", folder, 1);
    note();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < FILES; i++) {
        unlink(path_of(files[i]));
    }
    return rmdir(folder);
}

static void what_was_found_is_known(void **state)
{
    (void)state;
    assert_string_equal(bindir, folder);
    assert_false(is_known(MAJOR + 1));
    assert_true(is_known(MAJOR));
}

static void a_program_that_was_replaced_is_asked_again(void **state)
{
    (void)state;
    for (int i = 0; i < SERVER_PROGRAMS + 1; i++) {
        install(files[i]);
        assert_false(is_known(MAJOR));
        note();
    }
}

static void a_program_that_is_gone_is_looked_for(void **state)
{
    (void)state;
    for (int i = 0; i < SERVER_PROGRAMS + 1; i++) {
        unlink(path_of(files[i]));
        assert_false(is_known(MAJOR));
        install(files[i]);
        note();
    }
    assert_int_equal(chmod(path_of("postgres"), 0600), 0);
    assert_false(is_known(MAJOR));
}

static void another_pg_config_is_asked(void **state)
{
    (void)state;
    char longer[256];
    setenv("PATH", "/nonexistent", 1);
    assert_false(is_known(MAJOR));
    unsetenv("PATH");
    assert_false(is_known(MAJOR));
    snprintf(longer, sizeof longer, ":relative:/nonexistent:%s:/usr/bin", folder);
    setenv("PATH", longer, 1);
    assert_true(is_known(MAJOR));
    unlink(path_of("pg_config"));
    assert_int_equal(symlink("other_pg_config", path_of("pg_config")), 0);
    assert_false(is_known(MAJOR));
}

static void no_pg_config_is_noted_too(void **state)
{
    (void)state;
    setenv("PATH", "/nonexistent", 1);
    note();
    setenv("PATH", folder, 1);
    assert_false(is_known(MAJOR));
}

static void a_note_of_which_a_byte_has_changed_is_none(void **state)
{
    (void)state;
    struct buf content AUTO_BUF;
    buf_init(&content, FILE_MAX_SIZE);
    assert_int_equal(file_read(path_of("note"), &content, NULL), DSQL_OK);
    for (size_t i = 0; i < content.len; i++) {
        content.data[i] ^= 1;
        assert_int_equal(file_replace(path_of("note"), 0600, buf_text(&content), NULL), DSQL_OK);
        assert_false(is_known(MAJOR));
        content.data[i] ^= 1;
        struct text start = text_slice(buf_text(&content), 0, i);
        assert_int_equal(file_replace(path_of("note"), 0600, start, NULL), DSQL_OK);
        assert_false(is_known(MAJOR));
    }
    assert_int_equal(file_replace(path_of("note"), 0600, buf_text(&content), NULL), DSQL_OK);
    assert_true(is_known(MAJOR));
}

static void what_cannot_be_noted_is_not(void **state)
{
    (void)state;
    unlink(path_of("note"));
    assert_false(is_known(MAJOR));
    postgres_found_write(path_of("note"), MAJOR, "/nonexistent");
    assert_false(file_exists(path_of("note")));
    postgres_found_write("/nonexistent/note", MAJOR, folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_found_is_known),
        TEST(a_program_that_was_replaced_is_asked_again),
        TEST(a_program_that_is_gone_is_looked_for),
        TEST(another_pg_config_is_asked),
        TEST(no_pg_config_is_noted_too),
        TEST(a_note_of_which_a_byte_has_changed_is_none),
        TEST(what_cannot_be_noted_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
