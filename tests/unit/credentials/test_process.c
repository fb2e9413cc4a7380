/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "credentials/chain/search.h"
#include "credentials/sources/process.h"
#include "unit.h"

#include <string.h>

static int64_t wall_s(void *arg)
{
    (void)arg;
    return 1724716800; /* 2024-08-27T00:00:00Z */
}

static const struct clock fixed_clock = {.wall_s = wall_s};

static struct dsql_credentials got;

static int tear_down(void **state)
{
    (void)state;
    credentials_clear(&got);
    return 0;
}

static void expect_words(const dsql_error *err, const char *words)
{
    assert_int_equal(err->status, DSQL_ERR_CREDENTIALS);
    if (strstr(err->message, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err->message, words);
    }
    assert_null(strstr(err->message, "hunter2"));
}

static void expect_failure(const char *printed, const char *words)
{
    dsql_error err = {0};
    assert_int_equal(process_parse(text_of(printed), "dev", &fixed_clock, &got, &err),
                     SOURCE_FAILED);
    expect_words(&err, words);
    assert_true(secret_is_empty(&got.access_key_id));
}

static void keys_with_an_end_are_read(void **state)
{
    (void)state;
    static const char printed[] =
        "{\"Version\": 1, \"AccessKeyId\": \"AKID\", \"SecretAccessKey\": \"s\", "
        "\"SessionToken\": \"t\", \"Expiration\": \"2024-08-27T02:00:00+01:00\", \"More\": [1]}\n";
    assert_int_equal(process_parse(text_of(printed), "dev", &fixed_clock, &got, NULL), SOURCE_GOT);
    assert_string_equal(secret_string(&got.access_key_id), "AKID");
    assert_string_equal(secret_string(&got.secret_access_key), "s");
    assert_string_equal(secret_string(&got.session_token), "t");
    assert_int_equal(got.expires_at, 1724720400);
}

static void keys_without_an_end_never_end(void **state)
{
    (void)state;
    static const char printed[] =
        "{\"Version\":1,\"AccessKeyId\":\"AKID\",\"SecretAccessKey\":\"s\","
        "\"SessionToken\":null,\"Expiration\":null}";
    assert_int_equal(process_parse(text_of(printed), "dev", &fixed_clock, &got, NULL), SOURCE_GOT);
    assert_int_equal(got.expires_at, 0);
    assert_true(secret_is_empty(&got.session_token));
}

static void whatever_is_not_as_documented_is_refused(void **state)
{
    (void)state;
    expect_failure("", "JSON");
    expect_failure("hunter2", "JSON");
    expect_failure("[\"hunter2\"]", "JSON");
    expect_failure("{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\"} x",
                   "JSON");
    expect_failure("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\"}", "\"Version\": 1");
    expect_failure("{\"Version\":2,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\"}",
                   "\"Version\": 1");
    expect_failure("{\"Version\":\"1\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\"}",
                   "\"Version\": 1");
    expect_failure("{\"Version\":1,\"SecretAccessKey\":\"hunter2\"}", "no AccessKeyId");
    expect_failure("{\"Version\":1,\"AccessKeyId\":\"A\"}", "no SecretAccessKey");
    expect_failure("{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":7}",
                   "no SecretAccessKey");
    expect_failure("{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"a hunter2\"}",
                   "blanks");
    expect_failure("{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\","
                   "\"Expiration\":\"soon\"}",
                   "Expiration");
    expect_failure("{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\","
                   "\"Expiration\":\"\"}",
                   "Expiration");
    expect_failure("{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\","
                   "\"Expiration\":\"2024-08-27T00:00:00Z\"}",
                   "expired");
    expect_failure("{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\","
                   "\"Expiration\":1724716801}",
                   "Expiration");
    expect_failure("{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\","
                   "\"Expiration\":\"2025-08-27T00:00:00Z\\u0000\"}",
                   "JSON");
    expect_failure("{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\","
                   "\"SessionToken\":[\"hunter2\"]}",
                   "SessionToken");
}

/* ---- With a program ---- */

static enum source_result fetch(const char *config, dsql_error *err)
{
    const struct source_context world = source_context_system();
    struct profile_set *set = profile_set_parse(text_of(config), text_of(""), NULL);
    assert_non_null(set);
    const struct profile profile = {.set = set, .name = "default"};
    enum source_result result = process_fetch(&world, &profile, &got, err);
    profile_set_free(set);
    return result;
}

static void a_program_is_run_without_a_shell(void **state)
{
    (void)state;
    assert_int_equal(
        fetch("[default]\ncredential_process = printf '%s' \"{\\\"Version\\\":1,"
              "\\\"AccessKeyId\\\":\\\"$HOME\\\",\\\"SecretAccessKey\\\":\\\"s\\\"}\"\n",
              NULL),
        SOURCE_GOT);
    assert_string_equal(secret_string(&got.access_key_id), "$HOME");
}

static void failures_name_the_profile_and_not_the_command(void **state)
{
    (void)state;
    dsql_error err = {0};
    assert_int_equal(fetch("[default]\ncredential_process = sh -c 'exit 7' hunter2\n", &err),
                     SOURCE_FAILED);
    expect_words(&err, "profile \"default\" exited with status 7");
    assert_int_equal(fetch("[default]\ncredential_process = /nowhere/hunter2\n", &err),
                     SOURCE_FAILED);
    expect_words(&err, "could not run the credential_process of profile \"default\"");
    assert_int_equal(fetch("[default]\ncredential_process = ~/hunter2 get\n", &err), SOURCE_FAILED);
    expect_words(&err, "no shell replaces the '~' or '$'");
    assert_int_equal(fetch("[default]\ncredential_process = $HOME/hunter2\n", &err), SOURCE_FAILED);
    expect_words(&err, "or: sh -c");
    assert_int_equal(fetch("[default]\ncredential_process = cat ~/hunter2\n", &err), SOURCE_FAILED);
    expect_words(&err, "in its arguments");
    assert_int_equal(fetch("[default]\ncredential_process = cat --x=$HOME/hunter2\n", &err),
                     SOURCE_FAILED);
    expect_words(&err, "in its arguments");
    assert_int_equal(fetch("[default]\ncredential_process = sh -c 'exit $((3))'\n", &err),
                     SOURCE_FAILED);
    expect_words(&err, "exited with status 3; run it by hand");
    assert_int_equal(fetch("[default]\ncredential_process = echo 'hunter2\n", &err), SOURCE_FAILED);
    expect_words(&err, "a quote is not closed");
    assert_int_equal(fetch("[default]\ncredential_process = echo hunter2\n", &err), SOURCE_FAILED);
    expect_words(&err, "JSON");
    assert_int_equal(fetch("[default]\ncredential_process = cat /dev/zero\n", &err), SOURCE_FAILED);
    expect_words(&err, "more than 65536 bytes");
    assert_int_equal(fetch("[default]\nregion = x\n", &err), SOURCE_NOT_CONFIGURED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(keys_with_an_end_are_read, tear_down),
        cmocka_unit_test_teardown(keys_without_an_end_never_end, tear_down),
        cmocka_unit_test_teardown(whatever_is_not_as_documented_is_refused, tear_down),
        cmocka_unit_test_teardown(a_program_is_run_without_a_shell, tear_down),
        cmocka_unit_test_teardown(failures_name_the_profile_and_not_the_command, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
