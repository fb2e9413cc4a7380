/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "config/profile_file.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct profile_set *parsed(const char *config, const char *credentials)
{
    dsql_error err = {0};
    struct profile_set *set = profile_set_parse(text_of(config), text_of(credentials), &err);
    if (set == NULL) {
        fail_msg("%s", err.message);
    }
    return set;
}

static void expect(const char *config, const char *credentials, const char *name, const char *key,
                   const char *value)
{
    struct profile_set *set = parsed(config, credentials);
    const char *got = profile_set_get(set, PROFILE_SECTION_PROFILE, name, key);
    if (value == NULL) {
        assert_null(got);
    } else {
        assert_non_null(got);
        assert_string_equal(got, value);
    }
    profile_set_free(set);
}

static void expect_failure(const char *config, const char *words)
{
    dsql_error err = {0};
    assert_null(profile_set_parse(text_of(config), text_of(""), &err));
    assert_int_equal(err.status, DSQL_ERR_CREDENTIALS);
    if (strstr(err.message, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.message, words);
    }
    assert_null(strstr(err.message, "hunter2"));
}

static void a_profile_has_a_prefix_in_the_config_only(void **state)
{
    (void)state;
    expect("[profile a]\nk = v\n", "", "a", "k", "v");
    expect("[a]\nk = v\n", "", "a", "k", NULL);
    expect("[profilea]\nk = v\n", "", "a", "k", NULL);
    expect("", "[a]\nk = v\n", "a", "k", "v");
    expect("", "[profile a]\nk = v\n", "a", "k", NULL);
    expect("", "[sso-sessiona]\nk = v\n", "sso-sessiona", "k", "v");
}

static void default_may_stand_bare_in_both(void **state)
{
    (void)state;
    expect("[default]\nk = v\n", "", "default", "k", "v");
    expect("[profile default]\nk = v\n", "", "default", "k", "v");
    expect("", "[default]\nk = v\n", "default", "k", "v");
}

static void profile_default_beats_default_of_the_config_whatever_the_order(void **state)
{
    (void)state;
    static const char before[] = "[default]\na = 1\n[profile default]\nb = 2\n";
    static const char after[] = "[profile default]\nb = 2\n[default]\na = 1\nb = 3\n";
    expect(before, "", "default", "a", NULL);
    expect(before, "", "default", "b", "2");
    expect(after, "", "default", "a", NULL);
    expect(after, "", "default", "b", "2");
    expect(after, "[default]\na = 4\n", "default", "a", "4"); /* still merges */
}

static void sections_merge_and_the_last_value_wins(void **state)
{
    (void)state;
    expect("[profile a]\nk = 1\nx = 0\n[profile a]\nk = 2\n", "", "a", "k", "2");
    expect("[profile a]\nk = 1\nx = 0\n[profile a]\nk = 2\n", "", "a", "x", "0");
    expect("[profile a]\nk = 1\n", "[a]\nk = 2\n", "a", "k", "2");
    expect("[profile a]\nK = 1\n", "", "a", "k", "1");
}

static void white_space_and_line_ends_do_not_count(void **state)
{
    (void)state;
    expect("[ profile \t a ]\r\nk\t=  v w \r\n", "", "a", "k", "v w");
    expect("\xef\xbb\xbf[profile a]\nk=v", "", "a", "k", "v");
    expect("[profile a]\nk =\n", "", "a", "k", "");
    expect("[profile a]\nk = a=b=\n", "", "a", "k", "a=b=");
    expect("[profile a]\nk = \xc3\xa9\n", "", "a", "k", "\xc3\xa9");
}

static void comments_need_white_space_behind_a_value(void **state)
{
    (void)state;
    expect("# c\n; c\n[profile a];c\nk = v # c\n", "", "a", "k", "v");
    expect("[profile a] # c\nk = v\t; c\n", "", "a", "k", "v");
    expect("[profile a]#c\nk = v; c\n", "", "a", "k", "v; c");
    expect("[profile a]\nk = v#c\n", "", "a", "k", "v#c");
    expect("[profile a]\n#k = v\n", "", "a", "k", NULL);
}

static void an_indented_line_continues_the_value(void **state)
{
    (void)state;
    expect("[profile a]\nk = v\n  w # kept\n\n\tx\n", "", "a", "k", "v\nw # kept\nx");
    expect("[profile a]\nk = v\n w = 1\n", "", "a", "w", NULL);
}

static void nested_properties_are_found_under_their_own_key_only(void **state)
{
    (void)state;
    struct profile_set *set =
        parsed("[services dev]\nsts =\n  Endpoint_URL = http://x\n\ns3 =\n  a = 1\n a = 2\n", "");
    enum profile_section_kind kind = PROFILE_SECTION_SERVICES;
    assert_string_equal(profile_set_get_nested(set, kind, "dev", "sts", "endpoint_url"),
                        "http://x");
    assert_string_equal(profile_set_get_nested(set, kind, "dev", "s3", "a"), "2");
    assert_null(profile_set_get_nested(set, kind, "dev", "s3", "endpoint_url"));
    assert_null(profile_set_get_nested(set, kind, "dev", "none", "a"));
    assert_null(profile_set_get(set, kind, "dev", "a"));
    assert_null(profile_set_get_nested(set, PROFILE_SECTION_PROFILE, "dev", "s3", "a"));
    profile_set_free(set);
}

static void kinds_of_sections_are_apart(void **state)
{
    (void)state;
    struct profile_set *set =
        parsed("[sso-session s]\nsso_region = r\n[sso-sesion t]\nk = v\n", "");
    assert_true(profile_set_has(set, PROFILE_SECTION_SSO_SESSION, "s"));
    assert_false(profile_set_has(set, PROFILE_SECTION_PROFILE, "s"));
    assert_false(profile_set_has(set, PROFILE_SECTION_SSO_SESSION, "t"));
    assert_string_equal(profile_set_get(set, PROFILE_SECTION_SSO_SESSION, "s", "sso_region"), "r");
    profile_set_free(set);
}

/* As the AWS CLI writes them. */
static void a_name_in_quotes_is_one_without(void **state)
{
    (void)state;
    expect("[profile 'Foo Bar']\nk = v\n", "", "Foo Bar", "k", "v");
    expect("[profile \"Foo Bar\"]\nk = v\n", "", "Foo Bar", "k", "v");
    expect("[profile 'needless']\nk = v\n", "", "needless", "k", "v");
    expect("[profile 'it is \"x\"']\nk = v\n", "", "it is \"x\"", "k", "v");
    expect("", "[Foo Bar]\nk = v\n", "Foo Bar", "k", "v");
    /* As Python's shlex.quote() writes it, which the AWS CLI calls. */
    expect("[profile 'it'\"'\"'s me']\nk = v\n", "", "it's me", "k", "v");
    expect("[profile Foo\\ Bar]\nk = v\n", "", "Foo Bar", "k", "v");
    expect("[profile Foo' 'Bar]\nk = v\n", "", "Foo Bar", "k", "v");
    expect("[profile \"a \\\" b\"]\nk = v\n", "", "a \" b", "k", "v");
    expect("[profile 'a]b'] # c\nk = v\n", "", "a]b", "k", "v");
    expect("['profile' a]\nk = v\n", "", "a", "k", "v");
    expect("", "['Foo Bar']\nk = v\n", "'Foo Bar'", "k", "v"); /* quotes count here */
    struct profile_set *set = parsed("[sso-session \"My Corp\"]\nsso_region = r\n", "");
    assert_true(profile_set_has(set, PROFILE_SECTION_SSO_SESSION, "My Corp"));
    profile_set_free(set);
}

static void expect_problem(const char *config, const char *name, const char *words)
{
    struct profile_set *set = parsed(config, "");
    const char *problem = profile_set_problem(set, name);
    assert_false(profile_set_has(set, PROFILE_SECTION_PROFILE, name));
    assert_non_null(problem);
    if (strstr(problem, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", problem, words);
    }
    profile_set_free(set);
}

static void a_section_that_is_not_understood_says_why(void **state)
{
    (void)state;
    expect_problem("\n[profile a b]\nk = v\n", "a b",
                   "AWS config file, line 2: the header of the section");
    expect_problem("[profile a b]\n", "a b", "a name with blanks needs quotes");
    expect_problem("[profile 'a b]\n", "a b", "a quote is not closed");
    expect_problem("[profile 'a' b]\n", "a", "quotes");
    expect_problem("[profile '']\n", "profile", "quotes");
    expect_problem("[]\n", "", "it is empty");
    expect_problem("[a]\nk = v\n", "a", "a section of this file must be");
    struct profile_set *set = parsed("[a]\n", "");
    assert_null(profile_set_problem(set, "b"));
    profile_set_free(set);
}

/* It exists, under a name that is not the one meant. */
static void the_word_profile_does_not_belong_into_the_credentials_file(void **state)
{
    (void)state;
    struct profile_set *set = parsed("", "[profile a]\nk = v\n");
    assert_true(profile_set_has(set, PROFILE_SECTION_PROFILE, "profile a"));
    assert_false(profile_set_has(set, PROFILE_SECTION_PROFILE, "a"));
    assert_non_null(strstr(profile_set_problem(set, "a"), "without the word profile"));
    profile_set_free(set);
}

static bool read_refused(void *arg, const char *path, struct buf *content)
{
    (void)arg;
    (void)path;
    (void)content;
    errno = EACCES;
    return false;
}

/* The chain must not go on to another identity. */
static void a_default_file_that_may_not_be_read_is_an_error(void **state)
{
    (void)state;
    dsql_error err = {0};
    const struct file_system files = {.read = read_refused};
    assert_null(profile_set_load(&files, &err));
    assert_int_equal(err.status, DSQL_ERR_CREDENTIALS);
    assert_non_null(strstr(err.message, ".aws/config"));
}

static void a_name_may_have_any_character_but_blanks_need_quotes(void **state)
{
    (void)state;
    expect("[profile a.b-c_d/%@:+1]\nk = v\n", "", "a.b-c_d/%@:+1", "k", "v");
    expect("[profile a b]\nk = v\n", "", "a b", "k", NULL);
    expect("[profile a$]\nk = v\n", "", "a$", "k", "v");
    expect("[profile na\xc3\xafve]\nk = v\n", "", "na\xc3\xafve", "k", "v");
    expect("[profile a\x01]\nk = v\n", "", "a\x01", "k", NULL);
    expect("[profile ]\nk = v\n", "", "", "k", NULL);
}

static void a_key_with_other_characters_is_ignored_with_its_continuation(void **state)
{
    (void)state;
    expect("[profile a]\nin valid = v\n", "", "a", "in valid", NULL);
    expect("[profile a]\nin$ = v\n continued\nk = v\n", "", "a", "in$", NULL);
    expect("[profile a]\nin$ = v\n continued\nk = v\n", "", "a", "k", "v");
    expect("[profile a]\na.b-c_d/%@:+1 = v\n", "", "a", "a.b-c_d/%@:+1", "v");
}

static void a_bad_line_is_named_by_file_and_number_and_not_repeated(void **state)
{
    (void)state;
    expect_failure("[profile a\nk = v\n",
                   "AWS config file, line 1: a section header has no closing ']'");
    expect_failure("[profile a] hunter2\n", "after the ']'");
    expect_failure("\n[profile a]\nhunter2\n", "line 3: expected KEY = VALUE");
    expect_failure("[profile a]\n= hunter2\n", "key before '=' is missing");
    expect_failure("k = hunter2\n", "before the first section");
    expect_failure("[profile a]\n hunter2\n", "no setting to continue");
    expect_failure("[profile a]\ns3 =\n hunter2\n", "expected KEY = VALUE");
    expect_failure("[profile a]\ns3 =\n = hunter2\n", "key before '=' is missing");
    expect_failure("[ignored]\nhunter2\n", "line 2");
}

static void a_nul_is_refused(void **state)
{
    (void)state;
    struct text bytes = text_of_bytes("[default]\nk = a\0b\n", 18);
    assert_null(profile_set_parse(bytes, text_of(""), NULL));
}

/* ---- Files ---- */

static char directory[] = "/tmp/dsql-profile-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static void write_file(const char *name, const char *content)
{
    FILE *file = fopen(path_of(name), "w");
    assert_non_null(file);
    fputs(content, file);
    fclose(file);
}

static int make_home(void **state)
{
    (void)state;
    if (mkdtemp(directory) == NULL || mkdir(path_of(".aws"), 0700) != 0) {
        return 1;
    }
    setenv("HOME", directory, 1);
    unsetenv("AWS_CONFIG_FILE");
    unsetenv("AWS_SHARED_CREDENTIALS_FILE");
    return 0;
}

static int remove_home(void **state)
{
    (void)state;
    static const char *const names[] = {".aws/config", ".aws/credentials", "other", "fifo"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        unlink(path_of(names[i]));
    }
    rmdir(path_of(".aws"));
    return rmdir(directory);
}

static void expect_loaded(const char *key, const char *value)
{
    dsql_error err = {0};
    struct profile_set *set = profile_set_load(file_system_real(), &err);
    if (set == NULL) {
        fail_msg("%s", err.message);
    }
    const char *got = profile_set_get(set, PROFILE_SECTION_PROFILE, "default", key);
    assert_string_equal(got == NULL ? "(none)" : got, value);
    profile_set_free(set);
}

static void files_that_are_not_there_are_empty(void **state)
{
    (void)state;
    expect_loaded("region", "(none)");
    setenv("AWS_CONFIG_FILE", "/nowhere/config", 1);
    expect_loaded("region", "(none)");
    unsetenv("AWS_CONFIG_FILE");
}

static void the_files_of_the_home_directory_are_read(void **state)
{
    (void)state;
    write_file(".aws/config", "[default]\nregion = eu-west-1\na = 1\n");
    write_file(".aws/credentials", "[default]\na = 2\n");
    expect_loaded("region", "eu-west-1");
    expect_loaded("a", "2");
}

static void a_file_named_in_the_environment_is_read_instead(void **state)
{
    (void)state;
    write_file("other", "[default]\nregion = sa-east-1\n");
    setenv("AWS_CONFIG_FILE", path_of("other"), 1);
    expect_loaded("region", "sa-east-1");
    setenv("AWS_CONFIG_FILE", "~/other", 1);
    expect_loaded("region", "sa-east-1");
    unsetenv("AWS_CONFIG_FILE");
}

static void a_named_file_that_cannot_be_read_is_an_error(void **state)
{
    (void)state;
    dsql_error err = {0};
    setenv("AWS_SHARED_CREDENTIALS_FILE", directory, 1); /* a directory */
    assert_null(profile_set_load(file_system_real(), &err));
    assert_int_equal(err.status, DSQL_ERR_CREDENTIALS);
    assert_non_null(strstr(err.message, directory));
    unsetenv("AWS_SHARED_CREDENTIALS_FILE");
}

/* Opening a FIFO waits for a writer, and no writer may ever come. */
static void file_that_is_a_fifo_is_refused_at_once(void **state)
{
    (void)state;
    dsql_error err = {0};
    assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
    setenv("AWS_CONFIG_FILE", path_of("fifo"), 1);
    assert_null(profile_set_load(file_system_real(), &err));
    assert_int_equal(err.status, DSQL_ERR_CREDENTIALS);
    assert_non_null(strstr(err.message, "fifo: it is a FIFO, a socket or a terminal"));
    unsetenv("AWS_CONFIG_FILE");
}

/* The usual way to switch a file off. */
static void dev_null_is_an_empty_file(void **state)
{
    (void)state;
    setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    expect_loaded("region", "(none)");
    unsetenv("AWS_CONFIG_FILE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_profile_has_a_prefix_in_the_config_only),
        cmocka_unit_test(default_may_stand_bare_in_both),
        cmocka_unit_test(profile_default_beats_default_of_the_config_whatever_the_order),
        cmocka_unit_test(sections_merge_and_the_last_value_wins),
        cmocka_unit_test(white_space_and_line_ends_do_not_count),
        cmocka_unit_test(comments_need_white_space_behind_a_value),
        cmocka_unit_test(an_indented_line_continues_the_value),
        cmocka_unit_test(nested_properties_are_found_under_their_own_key_only),
        cmocka_unit_test(kinds_of_sections_are_apart),
        cmocka_unit_test(a_name_in_quotes_is_one_without),
        cmocka_unit_test(a_section_that_is_not_understood_says_why),
        cmocka_unit_test(a_default_file_that_may_not_be_read_is_an_error),
        cmocka_unit_test(the_word_profile_does_not_belong_into_the_credentials_file),
        cmocka_unit_test(a_name_may_have_any_character_but_blanks_need_quotes),
        cmocka_unit_test(a_key_with_other_characters_is_ignored_with_its_continuation),
        cmocka_unit_test(a_bad_line_is_named_by_file_and_number_and_not_repeated),
        cmocka_unit_test(a_nul_is_refused),
        cmocka_unit_test(files_that_are_not_there_are_empty),
        cmocka_unit_test(the_files_of_the_home_directory_are_read),
        cmocka_unit_test(a_file_named_in_the_environment_is_read_instead),
        cmocka_unit_test(a_named_file_that_cannot_be_read_is_an_error),
        cmocka_unit_test(file_that_is_a_fifo_is_refused_at_once),
        cmocka_unit_test(dev_null_is_an_empty_file),
    };
    return cmocka_run_group_tests(tests, make_home, remove_home);
}
