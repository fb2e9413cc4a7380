/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* IAM Identity Center over recorded exchanges. */
#include "credentials/sources/sso.h"
#include "login_world.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SESSION                                                                                    \
    "[profile work]\nsso_session = dev\nsso_account_id = 012345678901\nsso_role_name = "           \
    "Some/Role\n"                                                                                  \
    "[sso-session dev]\nsso_region = eu-west-1\nsso_start_url = https://d-abc.awsapps.com/start\n"
#define LEGACY                                                                                     \
    "[profile work]\nsso_start_url = https://d-abc.awsapps.com/start\nsso_region = eu-west-1\n"    \
    "sso_account_id = 012345678901\nsso_role_name = Some/Role\n"

/* SHA-1 of "dev", and of the start URL. */
#define SESSION_FILE "/home/.aws/sso/cache/34c6fceca75e456f25e7e99531e2425c6c1de443.json"
#define LEGACY_FILE  "/home/.aws/sso/cache/22f00c6461897f7c3e293d9d99f86e5efed957dd.json"

#define AGAIN "; run: aws sso login --profile work"

/* Ends an hour, or 200 seconds, after the start of the test; or has ended. */
#define TOKEN_HOUR "{\"accessToken\":\"hush-old\",\"expiresAt\":\"2023-11-14T23:13:20Z\"}"
#define RENEWABLE(expires)                                                                         \
    "{\"startUrl\":\"https://d-abc.awsapps.com/"                                                   \
    "start\",\"accessToken\":\"hush-old\",\"expiresAt\":"                                          \
    "\"" expires "\",\"clientId\":\"client\",\"clientSecret\":\"hush-client\",\"refreshToken\":"   \
    "\"hush-refresh\",\"registrationExpiresAt\":\"2023-12-14T00:00:00Z\",\"other\":[1,2]}"
#define SOON  "2023-11-14T22:16:40Z"
#define ENDED "2023-11-14T22:13:20Z"

#define ROLE_URL                                                                                   \
    "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?account_id=012345678901&"   \
    "role_name=Some%2FRole"
#define TOKEN_URL "https://oidc.eu-west-1.amazonaws.com/token"
#define ROLE_ANSWER                                                                                \
    "{\"roleCredentials\":{\"accessKeyId\":\"ASIAROLE\",\"secretAccessKey\":\"hush-secret\","      \
    "\"sessionToken\":\"hush-token\",\"expiration\":1700003600999}}"

#define GET_ROLE(bearer)                                                                           \
    {                                                                                              \
        .method = "GET", .url = ROLE_URL, .headers = "x-amz-sso_bearer_token: " bearer,            \
        .status = 200, .answer = ROLE_ANSWER                                                       \
    }
#define RENEW(code, text)                                                                          \
    {                                                                                              \
        .method = "POST", .url = TOKEN_URL, .headers = "content-type: application/json",           \
        .body = "{\"clientId\":\"client\",\"clientSecret\":\"hush-client\",\"grantType\":"         \
                "\"refresh_token\",\"refreshToken\":\"hush-refresh\"}",                            \
        .status = (code), .answer = (text)                                                         \
    }

static struct login_world world;

static enum source_result fetch(struct dsql_credentials *got, dsql_error *err)
{
    enum source_result result = sso_fetch(&world.base.context, &world.profile, got, err);
    assert_no_secret(err->message);
    assert_no_secret(world.detail.text);
    return result;
}

static void expect_got(void)
{
    struct dsql_credentials got = {0};
    dsql_error err = {0};
    assert_int_equal(fetch(&got, &err), SOURCE_GOT);
    assert_string_equal(secret_string(&got.access_key_id), "ASIAROLE");
    assert_string_equal(secret_string(&got.secret_access_key), "hush-secret");
    assert_string_equal(secret_string(&got.session_token), "hush-token");
    assert_int_equal(got.expires_at, 1700003600);
    credentials_clear(&got);
}

static void expect_failure(const char *message)
{
    struct dsql_credentials got = {0};
    dsql_error err = {0};
    assert_int_equal(fetch(&got, &err), SOURCE_FAILED);
    assert_string_equal(err.message, message);
    assert_int_equal(err.status, DSQL_ERR_CREDENTIALS);
    assert_true(secret_is_empty(&got.access_key_id));
}

#define SET_UP(config, exchanges)                                                                  \
    login_world_init(&world, config, "work", exchanges, sizeof(exchanges) / sizeof(exchanges)[0])

/* ---- The usual way ---- */

static void role_is_got_with_the_token_of_the_session(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {GET_ROLE("hush-old")};
    SET_UP(SESSION, exchanges);
    login_world_put(&world, SESSION_FILE, TOKEN_HOUR);
    expect_got();
    assert_string_equal(world.detail.text, "IAM Identity Center, role Some/Role in account "
                                           "012345678901 (profile \"work\")");
    assert_int_equal(world.base.replay.last_reach, HTTP_PUBLIC);
    assert_string_equal(world.log, "");
    login_world_clear(&world);
}

static void legacy_profile_is_known_by_its_start_url(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {GET_ROLE("hush-old")};
    SET_UP(LEGACY, exchanges);
    login_world_put(&world, LEGACY_FILE,
                    "{\"accessToken\":\"hush-old\",\"expiresAt\":\"2023-11-14T23:13:20UTC\"}");
    expect_got();
    login_world_clear(&world);
}

static void endpoint_can_be_put_elsewhere(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        {.method = "GET",
         .url = "http://127.0.0.1:8080/federation/credentials?account_id=012345678901&"
                "role_name=Some%2FRole",
         .status = 200,
         .answer = ROLE_ANSWER}};
    SET_UP(SESSION, exchanges);
    setenv("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:8080", 1);
    login_world_put(&world, SESSION_FILE, TOKEN_HOUR);
    expect_got();
    assert_int_equal(world.base.replay.last_reach, HTTP_LOCAL);
    login_world_clear(&world);
}

/* ---- The profile ---- */

static void profile_without_its_keys_is_not_configured(void **state)
{
    (void)state;
    struct dsql_credentials got = {0};
    dsql_error err = {0};
    login_world_init(&world, "[profile work]\nregion = eu-west-1\n", "work", NULL, 0);
    assert_int_equal(fetch(&got, &err), SOURCE_NOT_CONFIGURED);
    assert_string_equal(err.message, "profile \"work\" has no sso_session");
    login_world_clear(&world);
}

static void profile_that_is_wrong_is_an_error(void **state)
{
    (void)state;
    static const struct {
        const char *config;
        const char *message;
    } cases[] = {
        {"[profile work]\nsso_session = dev\nsso_account_id = 1\nsso_role_name = r\n",
         "profile \"work\" names the sso_session \"dev\", but there is no [sso-session dev]; run: "
         "aws configure sso"},
        {"[profile work]\nsso_session = dev\nsso_account_id = 1\nsso_role_name = r\n"
         "[sso-session dev]\nsso_region = eu-west-1\n",
         "[sso-session dev] has no sso_start_url; run: aws configure sso"},
        {"[profile work]\nsso_session = dev\nsso_account_id = 1\nsso_role_name = r\n"
         "[sso-session dev]\nsso_start_url = https://s\nsso_region =\n",
         "[sso-session dev] has no sso_region; run: aws configure sso"},
        {SESSION "[profile work]\nsso_region = eu-west-1\n",
         "profile \"work\" has both sso_session and sso_region; the latter belongs in "
         "[sso-session dev]"},
        {SESSION "[profile work]\nsso_start_url = https://other\n",
         "profile \"work\" has both sso_session and sso_start_url; the latter belongs in "
         "[sso-session dev]"},
        {"[profile work]\nsso_session = dev\nsso_account_id = 1\n"
         "[sso-session dev]\nsso_region = eu-west-1\nsso_start_url = https://s\n",
         "profile \"work\" has no sso_role_name; run: aws configure sso"},
        {"[profile work]\nsso_session = dev\nsso_role_name = r\n"
         "[sso-session dev]\nsso_region = eu-west-1\nsso_start_url = https://s\n",
         "profile \"work\" has no sso_account_id; run: aws configure sso"},
        {"[profile work]\nsso_session = dev\n"
         "[sso-session dev]\nsso_region = eu-west-1\nsso_start_url = https://s\n",
         "profile \"work\" logs in without a role: it needs sso_account_id and sso_role_name; "
         "run: aws configure sso --profile work"},
        {"[profile work]\nsso_start_url = https://s\nsso_account_id = 1\nsso_role_name = r\n",
         "profile \"work\" has no sso_region; run: aws configure sso"},
        {"[profile work]\nsso_region = eu-west-1\nsso_account_id = 1\nsso_role_name = r\n",
         "profile \"work\" has no sso_start_url; run: aws configure sso"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        login_world_init(&world, cases[i].config, "work", NULL, 0);
        expect_failure(cases[i].message);
        login_world_clear(&world);
    }
}

static void region_that_is_no_name_is_never_asked(void **state)
{
    (void)state;
    login_world_init(&world,
                     "[profile work]\nsso_start_url = https://d-abc.awsapps.com/start\n"
                     "sso_region = evil.com/#\nsso_account_id = 1\nsso_role_name = r\n",
                     "work", NULL, 0);
    login_world_put(&world, LEGACY_FILE, TOKEN_HOUR);
    expect_failure("the region for AWS SSO is not valid: it may contain only lower-case letters, "
                   "digits and '-'");
    login_world_clear(&world);
}

/* ---- The cache ---- */

static void expect_cache_failure(const char *content, const char *message)
{
    login_world_init(&world, SESSION, "work", NULL, 0);
    if (content != NULL) {
        login_world_put(&world, SESSION_FILE, content);
    }
    expect_failure(message);
    login_world_clear(&world);
}

static void cache_that_cannot_be_used_says_to_log_in(void **state)
{
    (void)state;
    expect_cache_failure(
        NULL, "the login of profile \"work\" does not exist: nobody has logged in yet" AGAIN);
    expect_cache_failure("{\"accessToken\":\"hush",
                         "the login of profile \"work\" cannot be used: its cache file cannot be "
                         "read or is damaged" AGAIN);
    static const char *const bad[] = {
        "{}",
        "{\"accessToken\":\"hush\"}",
        "{\"accessToken\":\"\",\"expiresAt\":\"2023-11-14T23:13:20Z\"}",
        "{\"accessToken\":17,\"expiresAt\":\"2023-11-14T23:13:20Z\"}",
        "{\"accessToken\":\"hush\",\"expiresAt\":\"hush\"}",
        "{\"accessToken\":\"hush\",\"expiresAt\":\"UTC\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        expect_cache_failure(bad[i], "the login of profile \"work\" cannot be used: "
                                     "accessToken or expiresAt is missing in its cache file" AGAIN);
    }
    expect_cache_failure("{\"accessToken\":\"hush\",\"expiresAt\":\"" ENDED "\"}",
                         "the login of profile \"work\" has ended" AGAIN);
}

static void login_of_another_home_does_not_count(void **state)
{
    (void)state;
    login_world_init(&world, SESSION, "work", NULL, 0);
    setenv("HOME", "/elsewhere", 1);
    login_world_put(&world, SESSION_FILE, TOKEN_HOUR);
    expect_failure("the login of profile \"work\" does not exist: nobody has logged in yet" AGAIN);
    login_world_clear(&world);
}

/* ---- Renewing ---- */

static void token_near_its_end_is_renewed_and_kept(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        RENEW(200, "{\"accessToken\":\"hush-new\",\"expiresIn\":28800,\"refreshToken\":"
                   "\"hush-refresh2\",\"tokenType\":\"Bearer\"}"),
        GET_ROLE("hush-new"),
    };
    SET_UP(SESSION, exchanges);
    login_world_put(&world, SESSION_FILE, RENEWABLE(SOON));
    expect_got();
    assert_string_equal(
        login_world_content(&world, SESSION_FILE),
        "{\"startUrl\":\"https://d-abc.awsapps.com/start\",\"accessToken\":\"hush-new\","
        "\"expiresAt\":\"2023-11-15T06:13:20Z\",\"clientId\":\"client\",\"clientSecret\":"
        "\"hush-client\",\"refreshToken\":\"hush-refresh2\",\"registrationExpiresAt\":"
        "\"2023-12-14T00:00:00Z\",\"other\":[1,2]}");
    assert_string_equal(world.log, "");
    login_world_clear(&world);
}

static void token_that_has_ended_is_renewed_too(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        RENEW(200, "{\"accessToken\":\"hush-new\",\"expiresIn\":28800}"),
        GET_ROLE("hush-new"),
    };
    SET_UP(SESSION, exchanges);
    login_world_put(&world, SESSION_FILE, RENEWABLE(ENDED));
    expect_got();
    /* The old refresh token has been used, and no other one came. */
    assert_null(strstr(login_world_content(&world, SESSION_FILE), "refreshToken"));
    login_world_clear(&world);
}

static void renewal_that_cannot_be_written_is_used_and_complained_about(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        RENEW(200, "{\"accessToken\":\"hush-new\",\"expiresIn\":28800}"),
        GET_ROLE("hush-new"),
    };
    SET_UP(SESSION, exchanges);
    login_world_put(&world, SESSION_FILE, RENEWABLE(ENDED));
    world.is_full = true;
    expect_got();
    assert_string_equal(
        world.log, "1 could not save the renewed login of profile \"work\"; you may have to "
                   "log in again: could not write " SESSION_FILE ": No space left on device\n");
    login_world_clear(&world);
}

static void old_token_is_used_while_it_lasts_and_renewal_is_not_tried_at_each_fetch(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        RENEW(400, "{\"error\":\"invalid_grant\",\"error_description\":\"hush\"}"),
        GET_ROLE("hush-old"),
        GET_ROLE("hush-old"),
        RENEW(400, "{\"error\":\"two words\"}"),
        GET_ROLE("hush-old"),
    };
    SET_UP(SESSION, exchanges);
    login_world_put(&world, SESSION_FILE, RENEWABLE(SOON));
    expect_got();
    assert_string_equal(
        world.log, "1 could not renew the login of profile \"work\": HTTP 400 invalid_grant\n");
    world.base.now_s += 29;
    expect_got();
    world.base.now_s += 1;
    expect_got();
    assert_non_null(strstr(world.log, "the last attempt was a moment ago"));
    assert_non_null(strstr(world.log, "HTTP 400\n"));
    assert_string_equal(login_world_content(&world, SESSION_FILE), RENEWABLE(SOON));
    login_world_clear(&world);
}

static void ended_token_that_cannot_be_renewed_says_why(void **state)
{
    (void)state;
    static const struct replay_exchange refused[] = {
        RENEW(400, "{\"error\":\"ExpiredTokenException\",\"error_description\":\"hush\"}")};
    static const struct replay_exchange unreachable[] = {
        {.method = "POST", .url = TOKEN_URL, .failure = DSQL_ERR_CONNECT},
        {.method = "POST", .url = TOKEN_URL, .failure = DSQL_ERR_TIMEOUT},
        {.method = "POST", .url = TOKEN_URL, .status = 503},
    };
    static const char *const odd[] = {
        "",
        "[]",
        "{}",
        "{\"accessToken\":\"hush-new\"}",
        "{\"accessToken\":\"hush-new\",\"expiresIn\":0}",
        "{\"accessToken\":\"hush-new\",\"expiresIn\":-5}",
        "{\"accessToken\":\"hush-new\",\"expiresIn\":99999999999}",
        "{\"accessToken\":\"hush-new\",\"expiresIn\":\"28800\"}",
        "{\"accessToken\":\"\",\"expiresIn\":28800}",
    };
    SET_UP(SESSION, refused);
    login_world_put(&world, SESSION_FILE, RENEWABLE(ENDED));
    expect_failure("the login of profile \"work\" has ended and could not be renewed (HTTP 400 "
                   "ExpiredTokenException)" AGAIN);
    login_world_clear(&world);

    SET_UP(SESSION, unreachable);
    login_world_put(&world, SESSION_FILE, RENEWABLE(ENDED));
    expect_failure(
        "the login of profile \"work\" has ended and could not be renewed (HTTP 503)" AGAIN);
    login_world_clear(&world);

    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        const struct replay_exchange exchanges[] = {RENEW(200, odd[i])};
        SET_UP(SESSION, exchanges);
        login_world_put(&world, SESSION_FILE, RENEWABLE(ENDED));
        expect_failure(i < 2 ? "the login of profile \"work\" has ended and could not be renewed "
                               "(the response is not JSON)" AGAIN
                             : "the login of profile \"work\" has ended and could not be renewed "
                               "(the response has no valid token)" AGAIN);
        assert_string_equal(login_world_content(&world, SESSION_FILE), RENEWABLE(ENDED));
        login_world_clear(&world);
    }
}

/* While our request is under way, another program renews and writes. */
static void another_renews(struct login_world *of)
{
    of->on_send = NULL;
    login_world_put(of, SESSION_FILE,
                    "{\"accessToken\":\"hush-other\",\"expiresAt\":\"2023-11-15T06:13:20Z\"}");
}

static void renewal_lost_to_another_program_takes_what_that_one_got(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        RENEW(400, "{\"error\":\"invalid_grant\"}"),
        GET_ROLE("hush-other"),
    };
    SET_UP(SESSION, exchanges);
    login_world_put(&world, SESSION_FILE, RENEWABLE(ENDED));
    world.on_send = another_renews;
    expect_got();
    assert_string_equal(world.log, "");
    login_world_clear(&world);
}

static void registration_that_has_ended_is_not_tried(void **state)
{
    (void)state;
    login_world_init(&world, SESSION, "work", NULL, 0);
    login_world_put(&world, SESSION_FILE,
                    "{\"accessToken\":\"hush-old\",\"expiresAt\":\"" ENDED "\",\"clientId\":\"c\","
                    "\"clientSecret\":\"hush\",\"refreshToken\":\"hush\","
                    "\"registrationExpiresAt\":\"" ENDED "\"}");
    expect_failure("the login of profile \"work\" has ended" AGAIN);
    login_world_clear(&world);
}

/* ---- What the portal answers ---- */

static void expect_refusal(int status, const char *answer, const char *message)
{
    const struct replay_exchange exchanges[] = {
        {.method = "GET",
         .url = ROLE_URL,
         .status = status,
         .answer = answer,
         .answer_headers = "x-amzn-errortype: SomeException:http://internal/\n"}};
    SET_UP(SESSION, exchanges);
    login_world_put(&world, SESSION_FILE, TOKEN_HOUR);
    expect_failure(message);
    login_world_clear(&world);
}

static void refusals_say_what_to_do(void **state)
{
    (void)state;
    expect_refusal(401, "{\"message\":\"Session token not found or invalid hush-old\"}",
                   "the login of profile \"work\" is no longer accepted" AGAIN);
    expect_refusal(
        403, "{\"message\":\"No access hush\"}",
        "IAM Identity Center does not allow this user the role Some/Role in account "
        "012345678901 (profile \"work\"); \"aws sso list-account-roles\" lists the allowed roles");
    expect_refusal(404, "hush",
                   "IAM Identity Center returned no credentials for the role Some/Role in account "
                   "012345678901 (profile \"work\"): HTTP 404 SomeException");
    expect_refusal(302, "",
                   "IAM Identity Center returned no credentials for the role Some/Role in "
                   "account 012345678901 (profile \"work\"): HTTP 302 SomeException");
}

static void answer_that_is_none_is_an_error(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "hush",
        "{}",
        "{\"roleCredentials\":17}",
        "{\"roleCredentials\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"hush\","
        "\"expiration\":1700003600000}}",
        "{\"roleCredentials\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"hush\","
        "\"sessionToken\":\"hush\"}}",
        "{\"roleCredentials\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"hush\","
        "\"sessionToken\":\"hush\",\"expiration\":\"2023-11-14T22:13:20Z\"}}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        expect_refusal(
            200, bad[i],
            "IAM Identity Center sent a response for profile \"work\" that has no credentials");
    }
    expect_refusal(200,
                   "{\"roleCredentials\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"hush hush\","
                   "\"sessionToken\":\"hush\",\"expiration\":1700003600000}}",
                   "an AWS key (IAM Identity Center) is too long, or contains blanks or control "
                   "characters, or the access "
                   "key id contains a '/'");
}

static void portal_that_stumbles_is_asked_again(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        {.method = "GET", .url = ROLE_URL, .failure = DSQL_ERR_CONNECT},
        {.method = "GET", .url = ROLE_URL, .status = 429},
        GET_ROLE("hush-old"),
    };
    SET_UP(SESSION, exchanges);
    login_world_put(&world, SESSION_FILE, TOKEN_HOUR);
    expect_got();
    assert_true(world.slept_ms > 0);
    login_world_clear(&world);
}

static void the_number_of_attempts_can_be_set(void **state)
{
    (void)state;
    struct dsql_credentials got = {0};
    dsql_error err = {0};
    static const struct replay_exchange exchanges[] = {
        {.method = "GET", .url = ROLE_URL, .failure = DSQL_ERR_CONNECT},
    };
    SET_UP(SESSION, exchanges);
    setenv("AWS_MAX_ATTEMPTS", "1", 1);
    login_world_put(&world, SESSION_FILE, TOKEN_HOUR);
    assert_int_equal(fetch(&got, &err), SOURCE_FAILED);
    unsetenv("AWS_MAX_ATTEMPTS");
    login_world_clear(&world);
}

static void portal_that_cannot_be_reached_is_an_error(void **state)
{
    (void)state;
    struct dsql_credentials got = {0};
    dsql_error err = {0};
    static const struct replay_exchange exchanges[] = {
        {.method = "GET", .url = ROLE_URL, .failure = DSQL_ERR_TIMEOUT},
        {.method = "GET", .url = ROLE_URL, .failure = DSQL_ERR_TIMEOUT},
        {.method = "GET", .url = ROLE_URL, .failure = DSQL_ERR_TIMEOUT},
    };
    SET_UP(SESSION, exchanges);
    login_world_put(&world, SESSION_FILE, TOKEN_HOUR);
    assert_int_equal(fetch(&got, &err), SOURCE_FAILED);
    assert_int_equal(err.status, DSQL_ERR_TIMEOUT);
    login_world_clear(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(role_is_got_with_the_token_of_the_session),
        cmocka_unit_test(legacy_profile_is_known_by_its_start_url),
        cmocka_unit_test(endpoint_can_be_put_elsewhere),
        cmocka_unit_test(profile_without_its_keys_is_not_configured),
        cmocka_unit_test(profile_that_is_wrong_is_an_error),
        cmocka_unit_test(region_that_is_no_name_is_never_asked),
        cmocka_unit_test(cache_that_cannot_be_used_says_to_log_in),
        cmocka_unit_test(login_of_another_home_does_not_count),
        cmocka_unit_test(token_near_its_end_is_renewed_and_kept),
        cmocka_unit_test(token_that_has_ended_is_renewed_too),
        cmocka_unit_test(renewal_that_cannot_be_written_is_used_and_complained_about),
        cmocka_unit_test(old_token_is_used_while_it_lasts_and_renewal_is_not_tried_at_each_fetch),
        cmocka_unit_test(ended_token_that_cannot_be_renewed_says_why),
        cmocka_unit_test(renewal_lost_to_another_program_takes_what_that_one_got),
        cmocka_unit_test(registration_that_has_ended_is_not_tried),
        cmocka_unit_test(refusals_say_what_to_do),
        cmocka_unit_test(answer_that_is_none_is_an_error),
        cmocka_unit_test(portal_that_stumbles_is_asked_again),
        cmocka_unit_test(the_number_of_attempts_can_be_set),
        cmocka_unit_test(portal_that_cannot_be_reached_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
