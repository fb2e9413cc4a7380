/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "local/postgres_found.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAJOR = 15, LATER_S = 10 };

static struct {
    char directory[64];
    char note[96];
    char bindir[POSTGRES_BINDIR_SIZE];
} fixture;

static const char *const programs[] = {"initdb", "postgres", "pg_config", "other_pg_config"};

static const char *in_directory(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", fixture.directory, name);
    return path;
}

static void create_program(const char *name)
{
    int fd = open(in_directory(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
    assert_true(fd >= 0);
    close(fd);
}

/* Seconds from now, as the note's time: all that is compared with it is of this second or so. */
static void date_note(int seconds)
{
    const struct timespec times[2] = {{.tv_sec = time(NULL) + seconds},
                                      {.tv_sec = time(NULL) + seconds}};
    assert_int_equal(utimensat(AT_FDCWD, fixture.note, times, 0), 0);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(fixture.directory, sizeof fixture.directory, "/tmp/dsql-found.XXXXXX");
    if (mkdtemp(fixture.directory) == NULL) {
        return -1;
    }
    snprintf(fixture.note, sizeof fixture.note, "%s/note", fixture.directory);
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        create_program(programs[i]);
    }
    setenv("PATH", fixture.directory, 1);
    postgres_found_write(fixture.note, MAJOR, fixture.directory);
    date_note(LATER_S);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        unlink(in_directory(programs[i]));
    }
    unlink(fixture.note);
    return rmdir(fixture.directory);
}

static bool is_known(int major)
{
    return postgres_found_read(fixture.note, major, fixture.bindir);
}

static void what_was_found_is_known(void **state)
{
    (void)state;
    assert_true(is_known(MAJOR));
    assert_string_equal(fixture.bindir, fixture.directory);
    assert_false(is_known(MAJOR + 1));
}

static void a_program_that_was_replaced_is_looked_at_again(void **state)
{
    (void)state;
    date_note(-LATER_S); /* all programs are newer */
    assert_false(is_known(MAJOR));
}

static void a_program_that_is_gone_is_looked_for_again(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        unlink(in_directory(programs[i]));
        assert_false(is_known(MAJOR));
        create_program(programs[i]);
        assert_true(is_known(MAJOR));
    }
    assert_int_equal(chmod(in_directory("initdb"), 0600), 0);
    /* Root may run nothing without the permission either. */
    assert_false(is_known(MAJOR));
}

static void another_pg_config_is_asked(void **state)
{
    (void)state;
    setenv("PATH", "/nonexistent", 1);
    assert_false(is_known(MAJOR));
    unsetenv("PATH");
    assert_false(is_known(MAJOR));
    setenv("PATH", fixture.directory, 1);
    assert_true(is_known(MAJOR));
    unlink(in_directory("pg_config"));
    assert_int_equal(symlink("other_pg_config", in_directory("pg_config")), 0);
    assert_false(is_known(MAJOR));
}

static void no_pg_config_is_noted_too(void **state)
{
    (void)state;
    setenv("PATH", "/nonexistent", 1);
    postgres_found_write(fixture.note, MAJOR, fixture.directory);
    date_note(LATER_S);
    assert_true(is_known(MAJOR));
    setenv("PATH", fixture.directory, 1);
    assert_false(is_known(MAJOR));
}

static void a_note_is_no_link(void **state)
{
    (void)state;
    char moved[128];
    snprintf(moved, sizeof moved, "%s.moved", fixture.note);
    assert_int_equal(rename(fixture.note, moved), 0);
    assert_false(is_known(MAJOR));
    assert_int_equal(symlink(moved, fixture.note), 0);
    assert_false(is_known(MAJOR));
    unlink(moved);
}

static void a_damaged_note_is_none(void **state)
{
    (void)state;
    struct postgres_found found;
    assert_true(postgres_found_parse(text_of("15\n/a/bin\n/usr/bin/pg_config\n"), &found));
    assert_int_equal(found.major, MAJOR);
    assert_string_equal(found.bindir, "/a/bin");
    assert_string_equal(found.pg_config, "/usr/bin/pg_config");
    assert_true(postgres_found_parse(text_of("15\n/a/bin\n\n"), &found));
    assert_string_equal(found.pg_config, "");
    static const char *const damaged[] = {
        "",           "15\n",         "15\n/a/bin\n",   "15\na/bin\n\n",   "x\n/a/bin\n\n",
        "14\n/a\n\n", "1000\n/a\n\n", "15\n/a\n\nmore", "15\n/a\n/b\n/c\n"};
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        assert_false(postgres_found_parse(text_of(damaged[i]), &found));
    }
    char long_note[POSTGRES_BINDIR_SIZE + 16] = "15\n/";
    memset(long_note + 4, 'x', POSTGRES_BINDIR_SIZE);
    memcpy(long_note + 4 + POSTGRES_BINDIR_SIZE, "\n\n", 3);
    assert_false(postgres_found_parse(text_of(long_note), &found));
}

static void what_cannot_be_noted_is_not(void **state)
{
    (void)state;
    unlink(fixture.note);
    postgres_found_write(fixture.note, MAJOR, "/a\n/b");
    assert_int_equal(access(fixture.note, F_OK), -1);
    postgres_found_write("/nonexistent/note", MAJOR, fixture.directory);
}

static void the_first_program_in_the_path_counts(void **state)
{
    (void)state;
    char path[256];
    char out[PATH_MAX];
    snprintf(path, sizeof path, "/nonexistent:%s:/usr/bin", fixture.directory);
    postgres_found_in_path(path, "pg_config", out);
    assert_string_equal(out, in_directory("pg_config"));
    postgres_found_in_path("", "pg_config", out);
    assert_string_equal(out, "");
    postgres_found_in_path(fixture.directory, "none", out);
    assert_string_equal(out, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_found_is_known),
        TEST(a_program_that_was_replaced_is_looked_at_again),
        TEST(a_program_that_is_gone_is_looked_for_again),
        TEST(another_pg_config_is_asked),
        TEST(no_pg_config_is_noted_too),
        TEST(a_note_is_no_link),
        TEST(a_damaged_note_is_none),
        TEST(what_cannot_be_noted_is_not),
        TEST(the_first_program_in_the_path_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
