/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "local/data_template.h"
#include "local/file.h"
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Programs, a data directory and a cache: what is copied need not be PostgreSQL's. */
static char folder[64];
static char templates[PATH_MAX];
static struct cluster cluster;

#define ORIGIN "options and settings"

static const char *path_of(const char *name)
{
    static char paths[4][PATH_MAX + 300];
    static int next;
    next = (next + 1) % 4;
    snprintf(paths[next], sizeof paths[next], "%s/%s", folder, name);
    return paths[next];
}

static void write_file(const char *name, const char *content)
{
    assert_int_equal(file_replace(path_of(name), 0600, text_of(content), NULL), DSQL_OK);
}

static void make_directory(const char *name)
{
    assert_int_equal(mkdir(path_of(name), 0700), 0);
}

static int make_world(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/dsql-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    make_directory("bin");
    write_file("bin/postgres", "a server");
    write_file("bin/initdb", "a program");
    make_directory("data");
    make_directory("data/base");
    make_directory("data/base/1");
    make_directory("data/empty");
    write_file("data/PG_VERSION", "15\n");
    write_file("data/base/1/1259", "a relation");
    write_file("data/base/1/3455", "");
    setenv("XDG_CACHE_HOME", path_of("cache"), 1);
    cluster = (struct cluster){.owner = {.uid = geteuid(), .gid = getegid()}};
    data_template_prepare(&cluster, templates);
    return 0;
}

static int remove_world(void **state)
{
    (void)state;
    unsetenv("XDG_CACHE_HOME");
    return directory_remove(folder, NULL) != DSQL_OK;
}

static struct data_template open_template(void)
{
    struct data_template template;
    data_template_open(&template, templates, path_of("bin"), text_of(ORIGIN));
    return template;
}

/* Whether a copy can be made, which is then removed. */
static bool copies(void)
{
    struct data_template template AUTO_DATA_TEMPLATE = open_template();
    bool ok = data_template_copy(&template, path_of("copy"));
    assert_int_equal(ok, file_exists(path_of("copy")));
    if (ok) {
        assert_int_equal(directory_remove(path_of("copy"), NULL), DSQL_OK);
    }
    return ok;
}

static void keep(void)
{
    struct data_template template AUTO_DATA_TEMPLATE = open_template();
    data_template_keep(&template, path_of("data"));
}

/* The path of something in the template. */
static const char *inside(const char *name)
{
    char path[PATH_MAX];
    struct data_template template AUTO_DATA_TEMPLATE = open_template();
    snprintf(path, sizeof path, "cache/dsql/templates-%u/%s/%s", (unsigned)geteuid(), template.key,
             name);
    return path_of(path);
}

static int count_templates(void)
{
    int count = 0;
    DIR *entries = opendir(templates);
    assert_non_null(entries);
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        count += strlen(entry->d_name) == DATA_TEMPLATE_KEY_SIZE - 1;
    }
    closedir(entries);
    return count;
}

static void a_copy_has_the_files_and_the_directories(void **state)
{
    (void)state;
    struct buf content AUTO_BUF;
    struct stat info;
    buf_init(&content, 100);
    assert_false(copies());
    keep();
    struct data_template template AUTO_DATA_TEMPLATE = open_template();
    assert_true(data_template_copy(&template, path_of("copy")));
    assert_int_equal(file_read(path_of("copy/base/1/1259"), &content, NULL), DSQL_OK);
    assert_true(text_equal_string(buf_text(&content), "a relation"));
    assert_int_equal(stat(path_of("copy/base/1/3455"), &info), 0);
    assert_int_equal(info.st_size, 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_true(directory_is_empty(path_of("copy/empty")));
    assert_int_equal(stat(path_of("copy/base"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
}

static void a_copy_is_made_of_the_template_and_not_of_the_data(void **state)
{
    (void)state;
    keep();
    write_file("data/base/1/1259", "of a server that has run");
    assert_true(copies());
    keep(); /* there is one */
    assert_int_equal(count_templates(), 1);
}

static void nothing_is_copied_over_a_data_directory(void **state)
{
    (void)state;
    struct data_template template AUTO_DATA_TEMPLATE = open_template();
    data_template_keep(&template, path_of("data"));
    assert_false(data_template_copy(&template, path_of("data")));
    assert_true(file_exists(path_of("data/PG_VERSION")));
}

/* ---- Changes ---- */

/* The times of files have the resolution of the kernel's tick. */
static void let_tick_pass(void)
{
    struct stat made;
    struct stat now;
    assert_int_equal(stat(inside("digest"), &made), 0);
    do {
        write_file("tick", "");
        assert_int_equal(stat(path_of("tick"), &now), 0);
    } while (now.st_ctim.tv_sec == made.st_ctim.tv_sec &&
             now.st_ctim.tv_nsec == made.st_ctim.tv_nsec);
}

/* With the size and the times that it had. */
static void change_content(void)
{
    struct stat info;
    const char *path = inside("data/base/1/1259");
    assert_int_equal(stat(path, &info), 0);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "X", 1, 3), 1);
    const struct timespec times[] = {info.st_atim, info.st_mtim};
    assert_int_equal(futimens(fd, times), 0);
    close(fd);
}

static void remove_file(void)
{
    assert_int_equal(unlink(inside("data/base/1/3455")), 0);
}

static void add_file(void)
{
    int fd = open(inside("data/more"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static void add_link(void)
{
    assert_int_equal(symlink("/etc/passwd", inside("data/base/link")), 0);
}

static void add_fifo(void)
{
    assert_int_equal(mkfifo(inside("data/fifo"), 0600), 0);
}

static void change_mode(void)
{
    assert_int_equal(chmod(inside("data/PG_VERSION"), 0640), 0);
}

static void replace_file(void)
{
    assert_int_equal(file_replace(inside("data/PG_VERSION"), 0600, text_of("15\n"), NULL), DSQL_OK);
}

static void remove_digest(void)
{
    assert_int_equal(unlink(inside("digest")), 0);
}

static void empty_digest(void)
{
    assert_int_equal(truncate(inside("digest"), 0), 0);
}

static void remove_data(void)
{
    assert_int_equal(directory_remove(inside("data"), NULL), DSQL_OK);
}

static void nest_deeply(void)
{
    char path[64] = "data";
    size_t len = strlen(path);
    for (int i = 0; i < 12; i++) {
        len += (size_t)snprintf(path + len, sizeof path - len, "/d");
        assert_int_equal(mkdir(inside(path), 0700), 0);
    }
}

static void a_template_that_was_changed_is_made_again(void **state)
{
    static void (*const changes[])(void) = {
        change_content, remove_file,   add_file,     add_link,    add_fifo,    change_mode,
        replace_file,   remove_digest, empty_digest, remove_data, nest_deeply,
    };
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        keep();
        assert_true(copies());
        let_tick_pass();
        changes[i]();
        if (copies()) {
            fail_msg("change %zu was not noticed", i);
        }
    }
    keep();
    assert_true(copies());
    assert_int_equal(count_templates(), 1);
}

static void another_program_or_other_settings_need_another_template(void **state)
{
    (void)state;
    keep();
    struct data_template template AUTO_DATA_TEMPLATE = {.directory = -1};
    data_template_open(&template, templates, path_of("bin"), text_of(ORIGIN "x"));
    assert_false(data_template_copy(&template, path_of("copy")));
    write_file("bin/initdb", "a program"); /* as installed again */
    assert_false(copies());
    assert_int_equal(unlink(path_of("bin/initdb")), 0);
    assert_false(copies());
}

static void two_templates_are_kept(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        write_file("bin/postgres", "a server");
        keep();
        assert_true(copies());
    }
    assert_int_equal(count_templates(), 2);
}

/* ---- The directory ---- */

static void what_was_left_by_a_killed_process_is_removed(void **state)
{
    (void)state;
    char left[PATH_MAX + 64];
    snprintf(left, sizeof left, "%s/new", templates);
    assert_int_equal(mkdir(left, 0700), 0);
    snprintf(left, sizeof left, "%s/new/data", templates);
    assert_int_equal(mkdir(left, 0700), 0);
    snprintf(left, sizeof left, "%s/new/data/file", templates);
    assert_int_equal(file_replace(left, 0600, text_of("half"), NULL), DSQL_OK);
    keep();
    assert_true(copies());
    assert_false(file_exists(left));
}

static void while_another_process_makes_one_none_is_made(void **state)
{
    (void)state;
    char lock[PATH_MAX + 64];
    snprintf(lock, sizeof lock, "%s/lock", templates);
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    keep();
    assert_int_equal(count_templates(), 0);
    close(fd);
    keep();
    assert_int_equal(count_templates(), 1);
}

static void a_directory_that_others_may_enter_is_not_used(void **state)
{
    static const mode_t modes[] = {0710, 0701, 0770, 0777};
    (void)state;
    keep();
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(chmod(templates, modes[i]), 0);
        assert_false(copies());
    }
    assert_int_equal(chmod(templates, 0700), 0);
    assert_true(copies());
}

/* As another user could plant one. */
static void prepare_fails(void)
{
    char path[PATH_MAX];
    data_template_prepare(&cluster, path);
    assert_string_equal(path, "");
}

static void a_cache_that_others_could_have_written_to_is_not_used(void **state)
{
    (void)state;
    assert_int_equal(chmod(path_of("cache/dsql"), 0777), 0);
    prepare_fails();
    assert_int_equal(chmod(path_of("cache/dsql"), 0755), 0);
    assert_int_equal(rename(path_of("cache/dsql"), path_of("cache/other")), 0);
    assert_int_equal(symlink("other", path_of("cache/dsql")), 0);
    prepare_fails();
    if (geteuid() == 0) {
        assert_int_equal(unlink(path_of("cache/dsql")), 0);
        assert_int_equal(mkdir(path_of("cache/dsql"), 0755), 0);
        assert_int_equal(chown(path_of("cache/dsql"), 1, 1), 0);
        prepare_fails();
    }
}

static void a_link_in_place_of_the_directory_is_not_used(void **state)
{
    (void)state;
    char elsewhere[PATH_MAX + 16];
    keep();
    snprintf(elsewhere, sizeof elsewhere, "%s.elsewhere", templates);
    assert_int_equal(rename(templates, elsewhere), 0);
    assert_int_equal(symlink(elsewhere, templates), 0);
    assert_false(copies());
    prepare_fails();
}

static void files_of_another_user_are_not_used(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    keep();
    assert_int_equal(chown(inside("data/PG_VERSION"), 1, 1), 0);
    assert_false(copies());
    keep();
    assert_true(copies());
    assert_int_equal(chown(templates, 1, 1), 0);
    assert_false(copies());
}

static void roots_directory_belongs_to_the_owner_of_the_cluster(void **state)
{
    (void)state;
    struct stat info;
    char path[PATH_MAX];
    if (geteuid() != 0) {
        skip();
    }
    assert_int_equal(directory_remove(path_of("cache"), NULL), DSQL_OK);
    cluster.owner = (struct cluster_owner){.uid = 1, .gid = 1, .is_other = true};
    data_template_prepare(&cluster, path);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_uid, 1);
    assert_int_equal(info.st_mode & 07777, 0700);
    assert_int_equal(stat(path_of("cache/dsql"), &info), 0);
    assert_int_equal(info.st_uid, 0);
    assert_int_equal(info.st_mode & 07777, 0755);
}

static void without_a_cache_there_is_no_template(void **state)
{
    (void)state;
    setenv("XDG_CACHE_HOME", "/proc/no-such-directory", 1);
    prepare_fails();
    setenv("XDG_CACHE_HOME", path_of("bin/postgres"), 1);
    prepare_fails();
    setenv("XDG_CACHE_HOME", "relative", 1);
    unsetenv("HOME");
    prepare_fails();
    templates[0] = '\0';
    assert_false(copies());
    keep();
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, remove_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_copy_has_the_files_and_the_directories),
        IN_WORLD(a_copy_is_made_of_the_template_and_not_of_the_data),
        IN_WORLD(nothing_is_copied_over_a_data_directory),
        IN_WORLD(a_template_that_was_changed_is_made_again),
        IN_WORLD(another_program_or_other_settings_need_another_template),
        IN_WORLD(two_templates_are_kept),
        IN_WORLD(what_was_left_by_a_killed_process_is_removed),
        IN_WORLD(while_another_process_makes_one_none_is_made),
        IN_WORLD(a_directory_that_others_may_enter_is_not_used),
        IN_WORLD(a_cache_that_others_could_have_written_to_is_not_used),
        IN_WORLD(a_link_in_place_of_the_directory_is_not_used),
        IN_WORLD(files_of_another_user_are_not_used),
        IN_WORLD(roots_directory_belongs_to_the_owner_of_the_cluster),
        IN_WORLD(without_a_cache_there_is_no_template),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
