/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Profiles and the web identity of the environment, fetched against recorded answers. */
#include "credentials/sources/sources.h"
#include "source_world.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER(action, id)                                                                         \
    "<" action "Response><" action "Result><Credentials><AccessKeyId>" id "</AccessKeyId>"         \
    "<SecretAccessKey>s</SecretAccessKey><SessionToken>t-" id "</SessionToken>"                    \
    "<Expiration>2024-08-27T01:00:00Z</Expiration></Credentials></" action "Result></" action      \
    "Response>"

enum { NOW = 1724716800 /* 2024-08-27T00:00:00Z */ };

static struct source_world world;
static struct source_detail detail;
static struct dsql_credentials got;

enum { CONFIG, TOKEN, FILES };
static struct source_file files[FILES];

static int set_up(void **state)
{
    (void)state;
    source_world_init(&world, NULL, 0);
    setenv("AWS_CONFIG_FILE", "/config", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/credentials", 1);
    files[CONFIG] = (struct source_file){.path = "/config"};
    files[TOKEN] = (struct source_file){.path = "/token"};
    world.files = files;
    world.file_count = FILES;
    world.now_s = NOW;
    detail = (struct source_detail){0};
    world.context.detail = &detail;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    credentials_clear(&got);
    return 0;
}

static enum source_result fetch(const struct credentials_source *source,
                                const struct replay_exchange *exchanges, size_t count,
                                dsql_error *err)
{
    replay_init(&world.replay, exchanges, count);
    return source->fetch(&world.context, &got, err);
}

static void expect_failure(const struct credentials_source *source, const char *words)
{
    dsql_error err = {0};
    assert_int_equal(fetch(source, NULL, 0, &err), SOURCE_FAILED);
    assert_int_equal(err.status, DSQL_ERR_CREDENTIALS);
    if (strstr(err.message, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.message, words);
    }
    assert_null(strstr(err.message, "hunter2"));
    assert_true(secret_is_empty(&got.access_key_id));
}

static void roles_are_assumed_one_with_the_other(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        {.method = "POST",
         .url = "https://sts.eu-west-1.amazonaws.com/",
         .headers = "!x-amz-security-token",
         .body = "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Ab&RoleSessionName="
                 "dsql-c-1724716800",
         .status = 200,
         .answer = ANSWER("AssumeRole", "FIRST")},
        {.method = "POST",
         .url = "https://sts.eu-west-1.amazonaws.com/",
         .headers = "x-amz-security-token: t-FIRST",
         .body = "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aa&RoleSessionName="
                 "me&DurationSeconds=900",
         .status = 200,
         .answer = ANSWER("AssumeRole", "SECOND")},
    };
    files[CONFIG].content =
        "[default]\nrole_arn = arn:a\nsource_profile = b\nregion = eu-west-1\n"
        "role_session_name = me\nduration_seconds = 900\n"
        "[profile b]\nrole_arn = arn:b\nsource_profile = c\nregion = us-east-1\n"
        "[profile c]\naws_access_key_id = AKID\naws_secret_access_key = hunter2\n";
    assert_int_equal(fetch(&credentials_source_profile, exchanges, 2, NULL), SOURCE_GOT);
    assert_true(replay_done(&world.replay));
    assert_string_equal(secret_string(&got.access_key_id), "SECOND");
    assert_string_equal(detail.text, "keys of profile \"c\"; role arn:b, named by profile \"b\"; "
                                     "role arn:a, named by profile \"default\"");
}

static void a_refused_role_ends_it(void **state)
{
    (void)state;
    static const struct replay_exchange exchange = {
        .method = "POST",
        .url = "https://sts.us-east-1.amazonaws.com/",
        .status = 403,
        .answer = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"};
    dsql_error err = {0};
    files[CONFIG].content =
        "[default]\nrole_arn = arn:a\nsource_profile = default\nregion = us-east-1\n"
        "aws_access_key_id = AKID\naws_secret_access_key = hunter2\n";
    assert_int_equal(fetch(&credentials_source_profile, &exchange, 1, &err), SOURCE_FAILED);
    assert_non_null(strstr(err.message, "AccessDenied"));
    assert_true(secret_is_empty(&got.access_key_id)); /* not those that asked */
}

static void keys_of_the_environment_can_ask_for_a_role(void **state)
{
    (void)state;
    static const struct replay_exchange exchange = {.method = "POST",
                                                    .url = "https://sts.us-east-1.amazonaws.com/",
                                                    .status = 200,
                                                    .answer = ANSWER("AssumeRole", "ROLE")};
    files[CONFIG].content =
        "[default]\nrole_arn = arn:a\ncredential_source = Environment\nregion = us-east-1\n";
    expect_failure(&credentials_source_profile, "AWS_ACCESS_KEY_ID is not set");
    setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "env", 1);
    assert_int_equal(fetch(&credentials_source_profile, &exchange, 1, NULL), SOURCE_GOT);
    assert_string_equal(secret_string(&got.access_key_id), "ROLE");
}

static void keys_of_the_container_can_ask_for_a_role(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        {.method = "GET",
         .url = "http://169.254.170.2/x",
         .status = 200,
         .answer = "{\"AccessKeyId\":\"TASK\",\"SecretAccessKey\":\"s\",\"Token\":\"t-TASK\","
                   "\"Expiration\":\"2024-08-27T02:00:00Z\"}"},
        {.method = "POST",
         .url = "https://sts.us-east-1.amazonaws.com/",
         .headers = "x-amz-security-token: t-TASK",
         .status = 200,
         .answer = ANSWER("AssumeRole", "ROLE")},
    };
    files[CONFIG].content =
        "[default]\nrole_arn = arn:a\ncredential_source = EcsContainer\nregion = us-east-1\n";
    expect_failure(&credentials_source_profile, "names cannot be used");
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x", 1);
    assert_int_equal(fetch(&credentials_source_profile, exchanges, 2, NULL), SOURCE_GOT);
    assert_true(replay_done(&world.replay));
    assert_string_equal(secret_string(&got.access_key_id), "ROLE");
}

static void a_process_can_ask_for_a_role(void **state)
{
    (void)state;
    static const struct replay_exchange exchange = {.method = "POST",
                                                    .url = "https://sts.us-east-1.amazonaws.com/",
                                                    .headers = "x-amz-security-token: pt",
                                                    .status = 200,
                                                    .answer = ANSWER("AssumeRole", "ROLE")};
    files[CONFIG].content =
        "[default]\nrole_arn = arn:a\nsource_profile = b\nregion = us-east-1\n"
        "[profile b]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"P\","
        "\"SecretAccessKey\":\"s\",\"SessionToken\":\"pt\"}'\n";
    assert_int_equal(fetch(&credentials_source_profile, &exchange, 1, NULL), SOURCE_GOT);
    assert_true(replay_done(&world.replay));
    assert_string_equal(secret_string(&got.access_key_id), "ROLE");
}

/* Reached, and told as what the profile said. */
static void sso_login_and_instance_are_asked_for_their_part(void **state)
{
    (void)state;
    static const struct replay_exchange refused = {
        .method = "PUT", .url = "http://169.254.169.254/latest/api/token", .status = 403};
    dsql_error err = {0};
    files[CONFIG].content = "[default]\nsso_session = none\nregion = us-east-1\n";
    expect_failure(&credentials_source_profile, "sso");
    files[CONFIG].content =
        "[default]\nlogin_session = arn:aws:iam::1:user/me\nregion = us-east-1\n";
    expect_failure(&credentials_source_profile, "login");
    files[CONFIG].content =
        "[default]\nrole_arn = arn:a\ncredential_source = Ec2InstanceMetadata\n";
    assert_int_equal(fetch(&credentials_source_profile, &refused, 1, &err), SOURCE_FAILED);
    assert_true(replay_done(&world.replay));
    assert_non_null(strstr(err.message, "etadata"));
}

static void a_token_of_a_profile_gets_a_role(void **state)
{
    (void)state;
    static const struct replay_exchange exchange = {
        .method = "POST",
        .url = "https://sts.us-east-1.amazonaws.com/",
        .body = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aa&"
                "RoleSessionName=dsql-c-1724716800&WebIdentityToken=jwt",
        .status = 200,
        .answer = ANSWER("AssumeRoleWithWebIdentity", "ROLE")};
    files[CONFIG].content =
        "[default]\nrole_arn = arn:a\nweb_identity_token_file = /token\nregion = us-east-1\n";
    files[TOKEN].content = "jwt";
    assert_int_equal(fetch(&credentials_source_profile, &exchange, 1, NULL), SOURCE_GOT);
    assert_true(replay_done(&world.replay));
    assert_string_equal(secret_string(&got.access_key_id), "ROLE");
}

static void a_process_of_a_profile_is_run(void **state)
{
    (void)state;
    files[CONFIG].content =
        "[default]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"P\","
        "\"SecretAccessKey\":\"s\"}'\n";
    assert_int_equal(fetch(&credentials_source_profile, NULL, 0, NULL), SOURCE_GOT);
    assert_string_equal(secret_string(&got.access_key_id), "P");
    files[CONFIG].content = "[default]\ncredential_process = false hunter2\n";
    credentials_clear(&got);
    expect_failure(&credentials_source_profile, "exited with status 1");
}

static void a_profile_without_credentials_is_passed_over(void **state)
{
    (void)state;
    files[CONFIG].content = "[default]\nregion = us-east-1\n";
    assert_int_equal(fetch(&credentials_source_profile, NULL, 0, NULL), SOURCE_NOT_CONFIGURED);
    files[CONFIG].content = "[profile other]\nregion = us-east-1\n";
    assert_int_equal(fetch(&credentials_source_profile, NULL, 0, NULL), SOURCE_NOT_CONFIGURED);
    world.context.profile = "ghost";
    expect_failure(&credentials_source_profile, "no profile \"ghost\"");
}

/* ---- Web identity in the environment ---- */

static void web_identity_needs_both_variables(void **state)
{
    (void)state;
    dsql_error err = {0};
    assert_int_equal(fetch(&credentials_source_web_identity, NULL, 0, &err), SOURCE_NOT_CONFIGURED);
    assert_string_equal(err.message, "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/token", 1);
    assert_int_equal(fetch(&credentials_source_web_identity, NULL, 0, &err), SOURCE_NOT_CONFIGURED);
    assert_string_equal(err.message, "AWS_ROLE_ARN is not set");
    setenv("AWS_ROLE_ARN", "arn:a", 1);
    expect_failure(&credentials_source_web_identity, "could not read the web identity token file");
}

static void web_identity_of_the_environment_gets_a_role(void **state)
{
    (void)state;
    static const struct replay_exchange exchange = {
        .method = "POST",
        .url = "https://sts.eu-west-1.amazonaws.com/",
        .headers = "!authorization",
        .body = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aa&"
                "RoleSessionName=pod&WebIdentityToken=jwt",
        .status = 200,
        .answer = ANSWER("AssumeRoleWithWebIdentity", "POD")};
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/token", 1);
    setenv("AWS_ROLE_ARN", "arn:a", 1);
    setenv("AWS_ROLE_SESSION_NAME", "pod", 1);
    files[TOKEN].content = "jwt\n";
    files[CONFIG].content = "[default]\nregion = eu-west-1\n";
    assert_int_equal(fetch(&credentials_source_web_identity, &exchange, 1, NULL), SOURCE_GOT);
    assert_true(replay_done(&world.replay));
    assert_string_equal(secret_string(&got.access_key_id), "POD");
    assert_string_equal(detail.text, "role arn:a, with the token in /token");
    files[CONFIG].content = "[default\n";
    credentials_clear(&got);
    expect_failure(&credentials_source_web_identity, "line 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(roles_are_assumed_one_with_the_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refused_role_ends_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_of_the_environment_can_ask_for_a_role, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(keys_of_the_container_can_ask_for_a_role, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_process_can_ask_for_a_role, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sso_login_and_instance_are_asked_for_their_part, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_token_of_a_profile_gets_a_role, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_process_of_a_profile_is_run, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_profile_without_credentials_is_passed_over, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(web_identity_needs_both_variables, set_up, tear_down),
        cmocka_unit_test_setup_teardown(web_identity_of_the_environment_gets_a_role, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
