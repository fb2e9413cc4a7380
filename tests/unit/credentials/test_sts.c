/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to AWS STS and what becomes of the answers.  The signatures are those that
 * botocore 1.43 makes of the same requests.
 */
#include "credentials/aws/sts.h"
#include "source_world.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define ROLE "arn:aws:iam::123456789012:role/app"
#define FORM_OF_ROLE                                                                               \
    "&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fapp&RoleSessionName="

#define ANSWER(action)                                                                             \
    "<" action "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"                   \
    " <" action "Result>\n  <AssumedRoleUser>\n   <Arn>arn:aws:sts::1:assumed-role/a/b</Arn>\n"    \
    "  </AssumedRoleUser>\n  <Credentials>\n   <AccessKeyId>ASIAROLE</AccessKeyId>\n"              \
    "   <SecretAccessKey>role-secret</SecretAccessKey>\n"                                          \
    "   <SessionToken>role&#x2F;token&amp;</SessionToken>\n"                                       \
    "   <Expiration>2024-08-27T01:00:00Z</Expiration>\n  </Credentials>\n </" action "Result>\n"   \
    "</" action "Response>\n"

#define REFUSAL(code)                                                                              \
    "<ErrorResponse><Error><Type>Sender</Type><Code>" code "</Code>"                               \
    "<Message>quotes hunter2</Message></Error><RequestId>1</RequestId></ErrorResponse>"

#define URL "https://sts.eu-west-1.amazonaws.com/"

enum { NOW = 1724716800 /* 2024-08-27T00:00:00Z */ };

static struct source_world world;
static struct source_file token_file;
static struct dsql_credentials base;
static struct dsql_credentials got;

static int set_up(void **state)
{
    (void)state;
    source_world_init(&world, NULL, 0);
    setenv("AWS_REGION", "eu-west-1", 1);
    token_file = (struct source_file){.path = "/token"};
    world.files = &token_file;
    world.file_count = 1;
    world.now_s = NOW;
    world.chance = 1; /* a wait of nothing would not be a sleep */
    return dsql_credentials_set(&base, "akid", "secret", NULL, 0) == DSQL_OK ? 0 : 1;
}

static int tear_down(void **state)
{
    (void)state;
    credentials_clear(&base);
    credentials_clear(&got);
    return 0;
}

static enum source_result assume(const struct replay_exchange *exchanges, size_t count,
                                 const struct sts_role *role, dsql_error *err)
{
    replay_init(&world.replay, exchanges, count);
    return sts_assume_role(&world.context, NULL, role, &base, &got, err);
}

static enum source_result assume_by_token(const struct replay_exchange *exchanges, size_t count,
                                          const struct sts_role *role, dsql_error *err)
{
    replay_init(&world.replay, exchanges, count);
    return sts_assume_role_with_web_identity(&world.context, NULL, role, "/token", &got, err);
}

static void expect_words(const dsql_error *err, const char *words)
{
    assert_int_equal(err->status, DSQL_ERR_CREDENTIALS);
    if (strstr(err->message, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err->message, words);
    }
    assert_null(strstr(err->message, "hunter2"));
    assert_null(strstr(err->message, "secret-of"));
}

static void a_role_is_asked_for_with_a_signature(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {{
        .method = "POST",
        .url = URL,
        .headers = "content-type: application/x-www-form-urlencoded\n"
                   "x-amz-date: 20240827T000000Z\n!x-amz-security-token\n"
                   "authorization: AWS4-HMAC-SHA256 "
                   "Credential=akid/20240827/eu-west-1/sts/aws4_request, "
                   "SignedHeaders=content-type;host;x-amz-date, Signature="
                   "edd2f6fdcaf3ada77ef1a94b79fa14eca9049f7219b90979da8b892b6ac4abb1",
        .body = "Action=AssumeRole" FORM_OF_ROLE "dsql-c-1724716800",
        .status = 200,
        .answer = ANSWER("AssumeRole"),
    }};
    const struct sts_role role = {.role_arn = ROLE};
    assert_int_equal(assume(exchanges, 1, &role, NULL), SOURCE_GOT);
    assert_true(replay_done(&world.replay));
    assert_int_equal(world.replay.last_reach, HTTP_PUBLIC);
    assert_string_equal(secret_string(&got.access_key_id), "ASIAROLE");
    assert_string_equal(secret_string(&got.secret_access_key), "role-secret");
    assert_string_equal(secret_string(&got.session_token), "role/token&");
    assert_int_equal(got.expires_at, 1724720400);
}

static void a_session_token_of_the_base_is_signed_too(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {{
        .method = "POST",
        .url = URL,
        .headers = "x-amz-security-token: base-token/+=\n"
                   "authorization: AWS4-HMAC-SHA256 "
                   "Credential=akid/20240827/eu-west-1/sts/aws4_request, "
                   "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature="
                   "f4d90103846f826a6f54a01a3f72be4ccb11baeb111aa42cc076c7a8600a9254",
        .status = 200,
        .answer = ANSWER("AssumeRole"),
    }};
    const struct sts_role role = {.role_arn = ROLE};
    assert_int_equal(dsql_credentials_set(&base, "akid", "secret", "base-token/+=", 0), DSQL_OK);
    assert_int_equal(assume(exchanges, 1, &role, NULL), SOURCE_GOT);
    assert_true(replay_done(&world.replay));
}

static void name_id_and_duration_are_sent_when_given(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {{
        .method = "POST",
        .url = URL,
        .body =
            "Action=AssumeRole" FORM_OF_ROLE "me%40here&DurationSeconds=900&ExternalId=a%20b%26c",
        .status = 200,
        .answer = ANSWER("AssumeRole"),
    }};
    const struct sts_role role = {.role_arn = ROLE,
                                  .session_name = "me@here",
                                  .external_id = "a b&c",
                                  .duration_s = STS_MIN_DURATION_S};
    assert_int_equal(assume(exchanges, 1, &role, NULL), SOURCE_GOT);
    assert_true(replay_done(&world.replay));
}

static void a_session_name_that_sts_would_refuse_is_not_sent(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "a b", "a/b", "a\r\nb",
                                        ("12345678901234567890123456789012345678901234567890123456"
                                         "789012345")};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        dsql_error err = {0};
        const struct sts_role role = {.role_arn = ROLE, .session_name = names[i]};
        assert_int_equal(assume(NULL, 0, &role, &err), SOURCE_FAILED);
        expect_words(&err, "session name");
    }
}

static void a_role_that_is_too_long_is_not_sent(void **state)
{
    (void)state;
    char longest[2050];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    dsql_error err = {0};
    const struct sts_role by_arn = {.role_arn = longest};
    const struct sts_role by_id = {.role_arn = ROLE, .external_id = longest};
    assert_int_equal(assume(NULL, 0, &by_arn, &err), SOURCE_FAILED);
    expect_words(&err, "too long");
    assert_int_equal(assume(NULL, 0, &by_id, &err), SOURCE_FAILED);
    expect_words(&err, "too long");
}

static void a_year_that_cannot_be_signed_is_not_sent(void **state)
{
    (void)state;
    dsql_error err = {0};
    const struct sts_role role = {.role_arn = ROLE};
    world.now_s = INT64_C(253402300800); /* 10000-01-01 */
    assert_int_equal(assume(NULL, 0, &role, &err), SOURCE_FAILED);
    expect_words(&err, "year");
}

static void a_token_is_sent_unsigned_and_read_each_time(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        {
            .method = "POST",
            .url = URL,
            .headers = "!authorization\n!x-amz-date",
            .body =
                "Action=AssumeRoleWithWebIdentity" FORM_OF_ROLE "pod&WebIdentityToken=one.two-3_",
            .status = 200,
            .answer = ANSWER("AssumeRoleWithWebIdentity"),
        },
        {
            .method = "POST",
            .url = URL,
            .body = "Action=AssumeRoleWithWebIdentity" FORM_OF_ROLE "pod&WebIdentityToken=rotated",
            .status = 200,
            .answer = ANSWER("AssumeRoleWithWebIdentity"),
        }};
    const struct sts_role role = {.role_arn = ROLE, .session_name = "pod"};
    token_file.content = "one.two-3_\n";
    assert_int_equal(assume_by_token(exchanges, 2, &role, NULL), SOURCE_GOT);
    token_file.content = "rotated";
    assert_int_equal(
        sts_assume_role_with_web_identity(&world.context, NULL, &role, "/token", &got, NULL),
        SOURCE_GOT);
    assert_true(replay_done(&world.replay));
    assert_string_equal(secret_string(&got.access_key_id), "ASIAROLE");
}

static void a_token_file_must_be_there_and_not_empty(void **state)
{
    (void)state;
    dsql_error err = {0};
    const struct sts_role role = {.role_arn = ROLE};
    token_file.content = NULL;
    assert_int_equal(assume_by_token(NULL, 0, &role, &err), SOURCE_FAILED);
    expect_words(&err, "/token");
    token_file.content = " \n";
    assert_int_equal(assume_by_token(NULL, 0, &role, &err), SOURCE_FAILED);
    expect_words(&err, "empty");
}

static void a_refusal_shows_its_code_and_what_to_do_and_no_more(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        const char *words;
    } cases[] = {
        {REFUSAL("AccessDenied"), "AccessDenied; the role's trust policy"},
        {REFUSAL("SignatureDoesNotMatch"), "SignatureDoesNotMatch; the caller's secret key"},
        {REFUSAL("BrandNew"), "BrandNew; see"},
        {REFUSAL("no word hunter2"), "HTTP status 403"},
        {"<html>hunter2", "HTTP status 403"},
        {"", "HTTP status 403"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dsql_error err = {0};
        const struct sts_role role = {.role_arn = ROLE};
        const struct replay_exchange exchange = {
            .method = "POST", .url = URL, .status = 403, .answer = cases[i].answer};
        assert_int_equal(assume(&exchange, 1, &role, &err), SOURCE_FAILED);
        expect_words(&err, cases[i].words);
        expect_words(&err, ROLE);
    }
}

static void an_answer_without_whole_credentials_is_a_failure(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "",
        "{}",
        "<AssumeRoleResponse/>",
        ANSWER("AssumeRoleWithWebIdentity"), /* of another action */
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId>"
        "<SecretAccessKey>secret-of</SecretAccessKey><SessionToken>t</SessionToken>"
        "</Credentials></AssumeRoleResult></AssumeRoleResponse>",
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId>"
        "<SecretAccessKey>secret-of</SecretAccessKey><SessionToken></SessionToken>"
        "<Expiration>2024-08-27T01:00:00Z</Expiration>"
        "</Credentials></AssumeRoleResult></AssumeRoleResponse>",
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId>"
        "<SecretAccessKey>secret-of</SecretAccessKey><SessionToken>t</SessionToken>"
        "<Expiration>tomorrow</Expiration>"
        "</Credentials></AssumeRoleResult></AssumeRoleResponse>",
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        dsql_error err = {0};
        const struct sts_role role = {.role_arn = ROLE};
        const struct replay_exchange exchange = {
            .method = "POST", .url = URL, .status = 200, .answer = answers[i]};
        assert_int_equal(assume(&exchange, 1, &role, &err), SOURCE_FAILED);
        expect_words(&err, "incomplete credentials");
        assert_true(secret_is_empty(&got.access_key_id));
    }
}

static void what_may_pass_is_tried_again(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        {.method = "POST", .url = URL, .status = 400, .answer = REFUSAL("IDPCommunicationError")},
        {.method = "POST",
         .url = URL,
         .status = 400,
         .answer = "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>Couldn't "
                   "retrieve verification key from your identity provider</Message></Error>"
                   "</ErrorResponse>"},
        {.method = "POST",
         .url = URL,
         .status = 200,
         .answer = ANSWER("AssumeRoleWithWebIdentity")},
    };
    const struct sts_role role = {.role_arn = ROLE};
    token_file.content = "t";
    assert_int_equal(assume_by_token(exchanges, 3, &role, NULL), SOURCE_GOT);
    assert_true(replay_done(&world.replay));
    assert_int_equal(world.sleeps, 2);
}

static void what_will_not_pass_is_not_tried_again(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        {.method = "POST", .url = URL, .status = 400, .answer = REFUSAL("InvalidIdentityToken")}};
    dsql_error err = {0};
    const struct sts_role role = {.role_arn = ROLE};
    token_file.content = "t";
    assert_int_equal(assume_by_token(exchanges, 1, &role, &err), SOURCE_FAILED);
    expect_words(&err, "InvalidIdentityToken");
    assert_true(replay_done(&world.replay));
    assert_int_equal(world.sleeps, 0);
}

static void no_answer_is_a_failure_after_three_attempts(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        {.method = "POST", .url = URL, .failure = DSQL_ERR_TIMEOUT},
        {.method = "POST", .url = URL, .failure = DSQL_ERR_CONNECT},
        {.method = "POST", .url = URL, .failure = DSQL_ERR_CONNECT},
    };
    dsql_error err = {0};
    const struct sts_role role = {.role_arn = ROLE};
    assert_int_equal(assume(exchanges, 3, &role, &err), SOURCE_FAILED);
    expect_words(&err, "could not call AWS STS for " ROLE);
    assert_true(replay_done(&world.replay));
}

static void an_endpoint_of_the_environment_is_asked_instead(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {{
        .method = "POST",
        .url = "http://127.0.0.1:4566/",
        .status = 200,
        .answer = ANSWER("AssumeRole"),
    }};
    dsql_error err = {0};
    const struct sts_role role = {.role_arn = ROLE};
    setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:4566", 1);
    assert_int_equal(assume(exchanges, 1, &role, NULL), SOURCE_GOT);
    assert_true(replay_done(&world.replay));
    assert_int_equal(world.replay.last_reach, HTTP_LOCAL);
    setenv("AWS_ENDPOINT_URL_STS", "http://user@evil.example", 1);
    assert_int_equal(assume(NULL, 0, &role, &err), SOURCE_FAILED);
    expect_words(&err, "AWS_ENDPOINT_URL_STS");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_role_is_asked_for_with_a_signature, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_session_token_of_the_base_is_signed_too, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(name_id_and_duration_are_sent_when_given, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_session_name_that_sts_would_refuse_is_not_sent, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_role_that_is_too_long_is_not_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_year_that_cannot_be_signed_is_not_sent, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_token_is_sent_unsigned_and_read_each_time, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_token_file_must_be_there_and_not_empty, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_shows_its_code_and_what_to_do_and_no_more, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_answer_without_whole_credentials_is_a_failure, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_may_pass_is_tried_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_will_not_pass_is_not_tried_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_answer_is_a_failure_after_three_attempts, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_endpoint_of_the_environment_is_asked_instead, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
