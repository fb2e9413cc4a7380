/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/password_file.h"
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERIFIER                                                                                   \
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"                                                 \
    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

static const unsigned char key[PASSWORD_FILE_KEY_SIZE] = "a key of the test";

static struct {
    char directory[64];
    char path[128];
} fixture;

static int make_directory(void **state)
{
    (void)state;
    snprintf(fixture.directory, sizeof fixture.directory, "/tmp/dsql-passwords-XXXXXX");
    assert_non_null(mkdtemp(fixture.directory));
    snprintf(fixture.path, sizeof fixture.path, "%s/state/proxy/password", fixture.directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", fixture.directory);
    return system(command);
}

static struct password_list *parsed(const char *content)
{
    struct password_list *list = NULL;
    dsql_error err = {0};
    assert_int_equal(password_list_parse(text_of(content), "users", key, &list, &err), DSQL_OK);
    return list;
}

/* Whether the password is the one of the verifier. */
static bool is_password(const struct scram_verifier *verifier, const char *password)
{
    struct scram_verifier made;
    assert_true(scram_verifier_make(&made, text_of(password),
                                    text_of_bytes(verifier->salt, verifier->salt_len),
                                    verifier->iterations));
    return memcmp(made.stored_key, verifier->stored_key, sizeof made.stored_key) == 0;
}

static void users_have_their_passwords(void **state)
{
    (void)state;
    struct password_list *list = parsed("; users of the test\n"
                                        "\n"
                                        "# another comment\n"
                                        "\"app\" \"s3cret\"\r\n"
                                        "  \"reports\"\t\"" VERIFIER "\"  ");
    struct scram_verifier verifier;
    assert_true(password_list_find(list, text_of("app"), &verifier));
    assert_true(is_password(&verifier, "s3cret"));
    assert_false(is_password(&verifier, "s3cre"));
    assert_true(password_list_find(list, text_of("reports"), &verifier));
    assert_true(is_password(&verifier, "pencil"));
    assert_false(password_list_find(list, text_of("ap"), &verifier));
    assert_false(password_list_find(list, text_of("App"), &verifier));
    assert_false(password_list_find(list, text_of(""), &verifier));
    password_list_free(list);
}

static void quotes_are_written_twice(void **state)
{
    (void)state;
    struct password_list *list = parsed("\"odd\"\"name\" \"a \"\" ; b\"\n\"x\"\"\" \"\"\"\"\n");
    struct scram_verifier verifier;
    assert_true(password_list_find(list, text_of("odd\"name"), &verifier));
    assert_true(is_password(&verifier, "a \" ; b"));
    assert_true(password_list_find(list, text_of("x\""), &verifier));
    assert_true(is_password(&verifier, "\""));
    password_list_free(list);
}

static void unknown_users_look_like_others(void **state)
{
    (void)state;
    struct password_list *before = parsed("\"app\" \"s3cret\"\n");
    struct password_list *after = parsed("\"app\" \"s3cret\"\n\"new\" \"pass\"\n");
    struct scram_verifier mock;
    struct scram_verifier real;
    assert_false(password_list_find(before, text_of("new"), &mock));
    assert_true(password_list_find(after, text_of("new"), &real));
    assert_int_equal(mock.iterations, real.iterations);
    assert_int_equal(mock.salt_len, real.salt_len);
    assert_memory_equal(mock.salt, real.salt, real.salt_len);
    password_list_free(before);
    password_list_free(after);
}

static void star_is_any_user_without_a_line(void **state)
{
    (void)state;
    struct password_list *list = parsed("\"*\" \"any\"\n\"app\" \"own\"\n");
    struct scram_verifier verifier;
    assert_true(password_list_find(list, text_of("app"), &verifier));
    assert_true(is_password(&verifier, "own"));
    assert_true(password_list_find(list, text_of("admin"), &verifier));
    assert_true(is_password(&verifier, "any"));
    password_list_free(list);
}

static void expect_failure(struct text content, const char *words)
{
    struct password_list *list = NULL;
    dsql_error err = {0};
    assert_int_equal(password_list_parse(content, "users", key, &list, &err), DSQL_ERR_USAGE);
    assert_null(list);
    assert_non_null(strstr(err.message, words));
    assert_non_null(strstr(err.message, "users"));
    assert_null(strstr(err.message, "s3cret"));
}

static void lines_that_are_not_valid_are_named(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "app s3cret",
        "\"app\"",
        "\"app\" s3cret",
        "\"app\" \"s3cret",
        "\"app\" \"s3cret\"x",
        "\"app\" \"s3cret\"\"",
        "app:s3cret",
        "\"app \"s3cret\"",
        "\"",
        "\"\" \"s3cret",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char content[128];
        snprintf(content, sizeof content, "\"first\" \"x\"\n%s\n", lines[i]);
        expect_failure(text_of(content), "line 2: it must be a user and a password");
    }
    expect_failure(text_of(""), "no user");
    expect_failure(text_of("; \"app\" \"s3cret\"\n"), "no user");
    expect_failure(text_of("\"\" \"s3cret\""), "1 to 63 bytes");
    expect_failure(text_of("\"a123456789012345678901234567890123456789012345678901234567890123\" "
                           "\"s3cret\""),
                   "1 to 63 bytes");
    expect_failure(text_of("\"app\" \"s3cret\"\n\"app\" \"other\""), "line 2: an earlier line");
    expect_failure(text_of("\"app\" \"\""), "line 1: the password must have 1 to 1024 bytes");
    expect_failure(text_of("\"app\" \"SCRAM-SHA-256$x\""), "line 1: the SCRAM-SHA-256 verifier");
    expect_failure(text_of("\"app\" \"md50123456789abcdef0123456789abcdef\""), "MD5");
    expect_failure(text_of_bytes("\"app\" \"s3\0cret\"", 15), "line 1: it contains a zero byte");
}

static void number_of_users_is_limited(void **state)
{
    (void)state;
    struct buf content AUTO_BUF;
    buf_init(&content, PASSWORD_FILE_MAX);
    for (int i = 0; i < PASSWORD_FILE_USERS_MAX; i++) {
        buf_printf(&content, "\"user%d\" \"" VERIFIER "\"\n", i);
    }
    struct password_list *list = parsed(content.data);
    struct scram_verifier verifier;
    assert_true(password_list_find(list, text_of("user999"), &verifier));
    assert_true(is_password(&verifier, "pencil"));
    password_list_free(list);
    buf_add_string(&content, "\"one\" \"too many\"\n");
    expect_failure(buf_text(&content), "line 1001: there are more than 1000 users");
}

/* ---- Files ---- */

static void write_file(const char *content, mode_t mode)
{
    snprintf(fixture.path, sizeof fixture.path, "%s/users", fixture.directory);
    FILE *file = fopen(fixture.path, "w");
    assert_non_null(file);
    fputs(content, file);
    fclose(file);
    assert_int_equal(chmod(fixture.path, mode), 0);
}

static void file_that_others_can_read_is_refused(void **state)
{
    (void)state;
    static const mode_t open_modes[] = {0640, 0604, 0644, 0620, 0602, 0660, 0601};
    struct password_list *list = NULL;
    write_file("\"app\" \"s3cret\"\n", 0600);
    assert_int_equal(password_file_read(fixture.path, key, &list, NULL), DSQL_OK);
    password_list_free(list);
    write_file("\"app\" \"s3cret\"\n", 0400);
    assert_int_equal(password_file_read(fixture.path, key, &list, NULL), DSQL_OK);
    password_list_free(list);
    for (size_t i = 0; i < sizeof open_modes / sizeof open_modes[0]; i++) {
        dsql_error err = {0};
        unlink(fixture.path);
        write_file("\"app\" \"s3cret\"\n", open_modes[i]);
        assert_int_equal(password_file_read(fixture.path, key, &list, &err), DSQL_ERR_USAGE);
        assert_null(list);
        assert_non_null(strstr(err.message, "can be read by other users"));
    }
}

static void what_is_not_a_file_is_refused(void **state)
{
    (void)state;
    struct password_list *list = NULL;
    dsql_error err = {0};
    assert_int_equal(password_file_read("/nonexistent/users", key, &list, &err), DSQL_ERR_SYSTEM);
    assert_int_equal(err.os_errno, ENOENT);
    assert_int_equal(password_file_read(fixture.directory, key, &list, &err), DSQL_ERR_USAGE);
    snprintf(fixture.path, sizeof fixture.path, "%s/fifo", fixture.directory);
    assert_int_equal(mkfifo(fixture.path, 0600), 0);
    assert_int_equal(password_file_read(fixture.path, key, &list, &err), DSQL_ERR_USAGE);
    assert_non_null(strstr(err.message, "not a regular file"));
}

static void generated_password_is_kept(void **state)
{
    (void)state;
    struct secret first = {0};
    struct secret second = {0};
    struct password_list *list = NULL;
    struct stat info;
    umask(0);
    assert_int_equal(password_file_generate(fixture.path, NULL), DSQL_OK);
    assert_int_equal(password_file_read_generated(fixture.path, &first, NULL), DSQL_OK);
    assert_int_equal(first.len, PASSWORD_GENERATED_SIZE - 1);
    assert_int_equal(strspn(first.data, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                        "0123456789-_"),
                     first.len);
    assert_int_equal(stat(fixture.path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(password_file_generate(fixture.path, NULL), DSQL_OK);
    assert_int_equal(password_file_read_generated(fixture.path, &second, NULL), DSQL_OK);
    assert_string_equal(first.data, second.data);
    assert_int_equal(password_file_read(fixture.path, key, &list, NULL), DSQL_OK);
    struct scram_verifier verifier;
    assert_true(password_list_find(list, text_of("admin"), &verifier));
    assert_true(is_password(&verifier, first.data));
    password_list_free(list);
    secret_clear(&first);
    secret_clear(&second);
}

static void other_file_is_not_taken_for_a_generated_one(void **state)
{
    (void)state;
    struct secret password = {0};
    dsql_error err = {0};
    write_file("\"app\" \"s3cret\"\n\"*\" \"s3cret", 0600);
    assert_int_equal(password_file_read_generated(fixture.path, &password, &err), DSQL_ERR_USAGE);
    assert_null(strstr(err.message, "s3cret"));
    assert_true(secret_is_empty(&password));
}

static void *generate(void *arg)
{
    struct secret *password = arg;
    if (password_file_generate(fixture.path, NULL) == DSQL_OK &&
        password_file_read_generated(fixture.path, password, NULL) != DSQL_OK) {
        secret_clear(password);
    }
    return NULL;
}

/* Two proxies that start at the same time print the same password. */
static void one_of_several_processes_makes_it(void **state)
{
    (void)state;
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    struct secret passwords[THREADS] = {0};
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, generate, &passwords[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_false(secret_is_empty(&passwords[i]));
        assert_string_equal(passwords[i].data, passwords[0].data);
    }
    for (int i = 0; i < THREADS; i++) {
        secret_clear(&passwords[i]);
    }
}

static void key_is_kept_and_checked(void **state)
{
    (void)state;
    unsigned char first[PASSWORD_FILE_KEY_SIZE];
    unsigned char second[PASSWORD_FILE_KEY_SIZE];
    static const unsigned char nothing[PASSWORD_FILE_KEY_SIZE];
    assert_int_equal(password_file_read_key(fixture.path, first, NULL), DSQL_OK);
    assert_int_equal(password_file_read_key(fixture.path, second, NULL), DSQL_OK);
    assert_memory_equal(first, second, sizeof first);
    assert_memory_not_equal(first, nothing, sizeof first);
    write_file("short", 0600);
    dsql_error err = {0};
    assert_int_equal(password_file_read_key(fixture.path, first, &err), DSQL_ERR_USAGE);
    assert_non_null(strstr(err.message, "is damaged"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_have_their_passwords),
        cmocka_unit_test(quotes_are_written_twice),
        cmocka_unit_test(unknown_users_look_like_others),
        cmocka_unit_test(star_is_any_user_without_a_line),
        cmocka_unit_test(lines_that_are_not_valid_are_named),
        cmocka_unit_test(number_of_users_is_limited),
        cmocka_unit_test_setup_teardown(file_that_others_can_read_is_refused, make_directory,
                                        remove_directory),
        cmocka_unit_test_setup_teardown(what_is_not_a_file_is_refused, make_directory,
                                        remove_directory),
        cmocka_unit_test_setup_teardown(generated_password_is_kept, make_directory,
                                        remove_directory),
        cmocka_unit_test_setup_teardown(other_file_is_not_taken_for_a_generated_one, make_directory,
                                        remove_directory),
        cmocka_unit_test_setup_teardown(one_of_several_processes_makes_it, make_directory,
                                        remove_directory),
        cmocka_unit_test_setup_teardown(key_is_kept_and_checked, make_directory, remove_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
