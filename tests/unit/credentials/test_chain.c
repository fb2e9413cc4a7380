/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The default chain over a real environment and real files in a directory of our own. */
#include "base/error.h"
#include "credentials/cache/provider.h"
#include "credentials/chain/chain.h"
#include "credentials/chain/search.h"
#include "credentials/source.h"
#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is said of all sources behind the profile. */
#define EXPECTED_REST                                                                              \
    "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set; container: "                            \
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI (or ..._FULL_URI) is not set; instance: "              \
    "AWS_EC2_METADATA_DISABLED is true); set the variables, or run \"aws configure\""

static char directory[64];
static char config_path[96];
static char keys_path[96];

static void write_file(const char *path, const char *content)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
    (void)state;
    static const char *const names[] = {
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",     "AWS_SESSION_TOKEN",
        "AWS_PROFILE",       "AWS_CREDENTIAL_EXPIRATION",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        unsetenv(names[i]);
    }
    snprintf(directory, sizeof directory, "/tmp/dsql-chain-XXXXXX");
    if (mkdtemp(directory) == NULL) {
        return -1;
    }
    snprintf(config_path, sizeof config_path, "%s/config", directory);
    snprintf(keys_path, sizeof keys_path, "%s/credentials", directory);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    setenv("AWS_CONFIG_FILE", config_path, 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", keys_path, 1);
    write_file(config_path, "");
    write_file(keys_path, "");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(config_path);
    unlink(keys_path);
    return rmdir(directory);
}

static void set_environment(void)
{
    setenv("AWS_ACCESS_KEY_ID", " ENVKEY ", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "envsecret", 1);
}

static void expect_got(const char *profile, const char *id, const char *secret, const char *token)
{
    struct dsql_credentials got = {0};
    dsql_credentials_provider *provider = dsql_credentials_default(profile, NULL);
    assert_non_null(provider);
    assert_int_equal(credentials_get(provider, clock_system(), &got, NULL), DSQL_OK);
    assert_string_equal(secret_string(&got.access_key_id), id);
    assert_string_equal(secret_string(&got.secret_access_key), secret);
    assert_string_equal(secret_string(&got.session_token), token);
    credentials_clear(&got);
    dsql_credentials_unref(provider);
}

static void expect_error(const char *profile, const char *message)
{
    struct dsql_credentials got = {0};
    dsql_error err = {0};
    dsql_credentials_provider *provider = dsql_credentials_default(profile, NULL);
    assert_non_null(provider);
    assert_int_equal(credentials_get(provider, clock_system(), &got, &err), DSQL_ERR_CREDENTIALS);
    assert_string_equal(err.message, message);
    assert_int_equal(err.status, DSQL_ERR_CREDENTIALS);
    dsql_credentials_unref(provider);
}

static void keys_in_the_environment_come_first(void **state)
{
    (void)state;
    set_environment();
    write_file(keys_path, "[default]\naws_access_key_id=F\naws_secret_access_key=f\n");
    expect_got(NULL, "ENVKEY", "envsecret", "");
    setenv("AWS_PROFILE", "other", 1);
    setenv("AWS_SESSION_TOKEN", "envtoken", 1);
    expect_got(NULL, "ENVKEY", "envsecret", "envtoken");
}

static void half_a_pair_in_the_environment_does_not_count(void **state)
{
    (void)state;
    setenv("AWS_ACCESS_KEY_ID", "ENVKEY", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "  ", 1);
    write_file(keys_path, "[default]\naws_access_key_id=F\naws_secret_access_key=f\n");
    expect_got(NULL, "F", "f", "");
}

static void expiration_in_the_environment_is_kept(void **state)
{
    (void)state;
    struct dsql_credentials got = {0};
    dsql_credentials_provider *provider = dsql_credentials_default(NULL, NULL);
    set_environment();
    setenv("AWS_CREDENTIAL_EXPIRATION", "9999-01-01T00:00:00+00:00", 1);
    assert_int_equal(credentials_get(provider, clock_system(), &got, NULL), DSQL_OK);
    assert_true(got.expires_at == INT64_C(253370764800));
    credentials_clear(&got);
    dsql_credentials_unref(provider);
}

static void bad_expiration_or_key_in_the_environment_is_an_error(void **state)
{
    (void)state;
    set_environment();
    setenv("AWS_CREDENTIAL_EXPIRATION", "tomorrow", 1);
    expect_error(NULL,
                 "AWS_CREDENTIAL_EXPIRATION is not a valid time, such as 2024-08-27T00:00:00Z");
    setenv("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z", 1);
    expect_error(NULL, "the AWS credentials (environment) have expired");
    unsetenv("AWS_CREDENTIAL_EXPIRATION");
    setenv("AWS_SECRET_ACCESS_KEY", "hush hush", 1);
    expect_error(NULL, "an AWS key (environment) is too long, or contains blanks or control "
                       "characters, or the access "
                       "key id contains a '/'");
}

static void named_profile_wins_over_the_environment(void **state)
{
    (void)state;
    set_environment();
    write_file(config_path, "[profile work]\naws_access_key_id = W\n");
    write_file(keys_path, "[work]\naws_secret_access_key = w\naws_session_token = t\n");
    expect_got("work", "W", "w", "t");
}

static void profile_of_the_environment_is_used_without_keys(void **state)
{
    (void)state;
    setenv("AWS_PROFILE", "work", 1);
    write_file(keys_path, "[work]\naws_access_key_id = W\naws_secret_access_key = w\n");
    expect_got(NULL, "W", "w", "");
}

static void named_profile_that_does_not_exist_is_an_error(void **state)
{
    (void)state;
    write_file(keys_path, "[default]\naws_access_key_id=F\naws_secret_access_key=f\n");
    expect_error("nobody", "there is no profile \"nobody\" in the AWS configuration files");
    setenv("AWS_PROFILE", "ghost", 1);
    expect_error(NULL, "there is no profile \"ghost\" in the AWS configuration files");
}

static void half_a_pair_in_a_profile_is_an_error_that_names_the_other(void **state)
{
    (void)state;
    write_file(keys_path, "[default]\naws_access_key_id = F\n[b]\naws_secret_access_key = f\n");
    expect_error(NULL, "profile \"default\" has no aws_secret_access_key");
    expect_error("b", "profile \"b\" has no aws_access_key_id");
}

static void nothing_anywhere_says_what_was_tried(void **state)
{
    (void)state;
    expect_error(NULL, "no AWS credentials found (environment: AWS_ACCESS_KEY_ID is not set; "
                       "profile: there is no profile \"default\" in the AWS configuration "
                       "files; " EXPECTED_REST);
    write_file(config_path, "[default]\nregion = eu-west-1\n");
    setenv("AWS_ACCESS_KEY_ID", "ENVKEY", 1);
    expect_error(NULL, "no AWS credentials found (environment: AWS_SECRET_ACCESS_KEY is not "
                       "set; profile: profile \"default\" has no keys and names no other source of "
                       "credentials; " EXPECTED_REST);
}

/* ---- The chain itself, over sources of the test's own ---- */

static enum source_result first_result;
static enum source_result second_result;
static int second_calls;

static enum source_result answer(enum source_result result, const char *id,
                                 struct dsql_credentials *out, dsql_error *err)
{
    if (result == SOURCE_GOT) {
        assert_int_equal(dsql_credentials_set(out, id, "s", NULL, INT64_C(9999999999)), DSQL_OK);
    } else {
        (fail)(err, DSQL_ERR_CREDENTIALS, "no %s", id); /* cmocka has a macro of that name */
    }
    return result;
}

static enum source_result fetch_first(const struct source_context *context,
                                      struct dsql_credentials *out, dsql_error *err)
{
    (void)context;
    return answer(first_result, "FIRST", out, err);
}

static enum source_result fetch_second(const struct source_context *context,
                                       struct dsql_credentials *out, dsql_error *err)
{
    (void)context;
    second_calls++;
    return answer(second_result, "SECOND", out, err);
}

static const struct credentials_source first = {.name = "first", .fetch = fetch_first};
static const struct credentials_source second = {.name = "second", .fetch = fetch_second};
static const struct credentials_source *const both[] = {&first, &second};

static int64_t test_now_s;

static int64_t test_wall_s(void *arg)
{
    (void)arg;
    return test_now_s;
}

static int64_t test_monotonic_ms(void *arg)
{
    (void)arg;
    return test_now_s * 1000;
}

static const struct clock test_clock = {.wall_s = test_wall_s, .monotonic_ms = test_monotonic_ms};

static void source_that_fails_ends_the_search(void **state)
{
    (void)state;
    struct dsql_credentials got = {0};
    dsql_error err = {0};
    const struct source_context world = source_context_system();
    dsql_credentials_provider *provider = chain_new(both, 2, &world, NULL);
    first_result = SOURCE_FAILED;
    second_result = SOURCE_GOT;
    second_calls = 0;
    assert_int_equal(credentials_get(provider, clock_system(), &got, &err), DSQL_ERR_CREDENTIALS);
    assert_string_equal(err.message, "no FIRST");
    assert_int_equal(second_calls, 0);
    dsql_credentials_unref(provider);
}

static void identity_does_not_change_when_its_source_goes(void **state)
{
    (void)state;
    struct dsql_credentials got = {0};
    dsql_error err = {0};
    const struct source_context world = source_context_system();
    dsql_credentials_provider *provider = chain_new(both, 2, &world, NULL);
    test_now_s = 1700000000;
    first_result = SOURCE_GOT;
    second_result = SOURCE_GOT;
    second_calls = 0;
    assert_int_equal(credentials_get(provider, &test_clock, &got, NULL), DSQL_OK);
    assert_string_equal(secret_string(&got.access_key_id), "FIRST");
    credentials_clear(&got);
    first_result = SOURCE_NOT_CONFIGURED;
    test_now_s = INT64_C(9999999999) - 10;
    assert_int_equal(credentials_get(provider, &test_clock, &got, &err), DSQL_ERR_CREDENTIALS);
    assert_string_equal(err.message,
                        "the AWS credentials are no longer available (first: no FIRST)");
    assert_int_equal(second_calls, 0);
    dsql_credentials_unref(provider);
}

/* ---- Explaining ---- */

static char told[1024];

static void tell(void *arg, const char *source, dsql_source_verdict verdict, const char *detail)
{
    static const char *const verdicts[] = {"GOT", "NOT_CONFIGURED", "FAILED", "NOT_ASKED"};
    size_t len = strlen(told);
    assert_ptr_equal(arg, told);
    snprintf(told + len, sizeof told - len, "%s %s (%s)\n", source, verdicts[verdict], detail);
}

static void expect_told(const char *profile, dsql_status status, const char *message,
                        const char *expected)
{
    dsql_error err = {0};
    told[0] = '\0';
    dsql_credentials *found = dsql_credentials_explain(profile, tell, told, &err);
    assert_int_equal(err.status, status);
    assert_int_equal(found != NULL, status == DSQL_OK);
    dsql_credentials_free(found);
    assert_string_equal(err.message, message);
    /* Sources that ask the network come later, and are not asked here. */
    assert_int_equal(strncmp(told, expected, strlen(expected)), 0);
}

static void each_source_is_explained_in_order(void **state)
{
    (void)state;
    set_environment();
    write_file(keys_path, "[work]\naws_access_key_id = W\naws_secret_access_key = w\n");
    expect_told(NULL, DSQL_OK, "",
                "environment GOT (keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)\n"
                "profile NOT_ASKED (the search ends before it)\n");
    expect_told("work", DSQL_OK, "",
                "environment NOT_ASKED (skipped, because a profile is named)\n"
                "profile GOT (keys of profile \"work\")\n");
}

static void failures_are_explained_too(void **state)
{
    (void)state;
    setenv("AWS_PROFILE", "ghost", 1);
    expect_told(NULL, DSQL_ERR_CREDENTIALS,
                "there is no profile \"ghost\" in the AWS configuration files",
                "environment NOT_CONFIGURED (AWS_ACCESS_KEY_ID is not set)\n"
                "profile FAILED (there is no profile \"ghost\" in the AWS configuration files)\n");
    set_environment();
    setenv("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z", 1);
    expect_told(NULL, DSQL_ERR_CREDENTIALS, "the AWS credentials (environment) have expired",
                "environment FAILED (the AWS credentials (environment) have expired)\n"
                "profile NOT_ASKED (the search ends before it)\n");
}

static void nobody_needs_to_listen(void **state)
{
    (void)state;
    set_environment();
    dsql_credentials *found = dsql_credentials_explain(NULL, NULL, NULL, NULL);
    assert_non_null(found);
    assert_string_not_equal(dsql_credentials_access_key_id(found), "");
    dsql_credentials_free(found);
    assert_null(dsql_credentials_explain("ghost", NULL, NULL, NULL));
}

static void nothing_at_all_is_explained_as_the_chain_says_it(void **state)
{
    (void)state;
    dsql_error err = {0};
    const struct source_list list = {.sources = both, .count = 2};
    const struct source_context world = source_context_system();
    first_result = SOURCE_NOT_CONFIGURED;
    second_result = SOURCE_NOT_CONFIGURED;
    told[0] = '\0';
    assert_null(source_list_explain(&list, &world, tell, told, &err));
    assert_int_equal(err.status, DSQL_ERR_CREDENTIALS);
    assert_string_equal(told,
                        "first NOT_CONFIGURED (no FIRST)\nsecond NOT_CONFIGURED (no SECOND)\n");
    assert_string_equal(err.message,
                        "no AWS credentials found (first: no FIRST; second: no SECOND); "
                        "set the variables, or run \"aws configure\"");
}

static void detail_is_cut_where_it_does_not_fit(void **state)
{
    (void)state;
    struct source_detail detail = {0};
    const struct source_context asked = {.detail = &detail};
    const struct source_context unasked = {0};
    source_used(&unasked, "nobody %s", "listens");
    for (int i = 0; i < SOURCE_DETAIL_SIZE; i++) {
        source_used(&asked, "%s", "ab");
    }
    assert_int_equal(strlen(detail.text), SOURCE_DETAIL_SIZE - 1);
}

/* ---- A fork while a source is asked ---- */

static atomic_bool is_held;
static atomic_bool is_asked;
static const struct imds *first_memory;
static bool has_new_memory;

static enum source_result fetch_slowly(const struct source_context *context,
                                       struct dsql_credentials *out, dsql_error *err)
{
    if (first_memory == NULL) {
        first_memory = context->imds;
    }
    has_new_memory = context->imds != NULL && context->imds != first_memory;
    atomic_store(&is_asked, true);
    while (atomic_load(&is_held)) {
        sched_yield();
    }
    return answer(SOURCE_GOT, "SLOW", out, err);
}

static const struct credentials_source slow = {.name = "slow", .fetch = fetch_slowly};
static const struct credentials_source *const only_slow[] = {&slow};

static void *get_slowly(void *provider)
{
    struct dsql_credentials got = {0};
    dsql_status status = credentials_get(provider, &test_clock, &got, NULL);
    credentials_clear(&got);
    return status == DSQL_OK ? provider : NULL;
}

static void child_of_a_fork_leaves_alone_what_its_parent_was_changing(void **state)
{
    (void)state;
    pthread_t thread;
    int status = -1;
    void *result = NULL;
    const struct source_context world = source_context_system();
    dsql_credentials_provider *provider = chain_new(only_slow, 1, &world, NULL);
    test_now_s = 1700000000;
    atomic_store(&is_held, true);
    assert_int_equal(pthread_create(&thread, NULL, get_slowly, provider), 0);
    while (!atomic_load(&is_asked)) {
        sched_yield();
    }
    pid_t child = fork();
    if (child == 0) {
        alarm(60); /* rather than hang */
        atomic_store(&is_held, false);
        _exit(get_slowly(provider) != NULL && has_new_memory ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    atomic_store(&is_held, false);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, provider);
    assert_false(has_new_memory);
    dsql_credentials_unref(provider);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_in_the_environment_come_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(half_a_pair_in_the_environment_does_not_count, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(expiration_in_the_environment_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_expiration_or_key_in_the_environment_is_an_error,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(named_profile_wins_over_the_environment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(profile_of_the_environment_is_used_without_keys, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(named_profile_that_does_not_exist_is_an_error, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(half_a_pair_in_a_profile_is_an_error_that_names_the_other,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_anywhere_says_what_was_tried, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_source_is_explained_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failures_are_explained_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_needs_to_listen, set_up, tear_down),
        cmocka_unit_test(nothing_at_all_is_explained_as_the_chain_says_it),
        cmocka_unit_test(detail_is_cut_where_it_does_not_fit),
        cmocka_unit_test(source_that_fails_ends_the_search),
        cmocka_unit_test(identity_does_not_change_when_its_source_goes),
        cmocka_unit_test(child_of_a_fork_leaves_alone_what_its_parent_was_changing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
