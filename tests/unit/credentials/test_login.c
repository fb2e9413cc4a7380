/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* "aws login" over recorded exchanges. */
#include "credentials/sources/login.h"
#include "login_world.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG                                                                                     \
    "[profile work]\nlogin_session = arn:aws:iam::012345678901:user/ana\nregion = us-east-1\n"

/* SHA-256 of the login_session. */
#define FILE_NAME "58ca16b507fc3c50bc9f2c06197c0edded6b43978c9d822f5135d893ceb67f1c.json"
#define FILE_PATH "/home/.aws/login/cache/" FILE_NAME

#define AGAIN "; run: aws login --profile work"

/* Made for this test, and good for nothing else. */
#define KEY                                                                                        \
    "-----BEGIN EC PRIVATE KEY-----\\nMHcCAQEEIGi3J04P1A2FI3N+1UWMXcrqcWgXI74WAxccivIGt3uvoAoGCC"  \
    "qGSM49\\nAwEHoUQDQgAEEMdba39BgQQ1GCp3/KKn614yiUQrflVI+LD+cM7kzam/hPiSphi/\\nZkYkzgq025dsfql"  \
    "w8XNJwtXDqab7Q35Pgg==\\n-----END EC PRIVATE KEY-----\\n"

#define CACHE_OF(id, expires, refresh, key)                                                        \
    "{\"accessToken\":{\"accessKeyId\":\"" id "\",\"secretAccessKey\":\"hush-secret\","            \
    "\"sessionToken\":\"hush-token\",\"accountId\":\"012345678901\",\"expiresAt\":\"" expires      \
    "\"},\"tokenType\":\"urn:aws:params:oauth:token-type:access_token_sigv4\",\"clientId\":"       \
    "\"arn:aws:signin:::devtools/same-device\",\"refreshToken\":\"" refresh                        \
    "\",\"idToken\":\"hush-id\",\"dpopKey\":\"" key "\"}"
#define CACHE(expires) CACHE_OF("ASIAOLD", expires, "hush-refresh", KEY)

#define FIVE_MINUTES "2023-11-14T22:18:20Z"
#define JUST_MORE    "2023-11-14T22:18:21Z"
#define ENDED        "2023-11-14T22:13:20Z"

#define TOKEN_URL "https://us-east-1.signin.aws.amazon.com/v1/token"
#define BODY                                                                                       \
    "{\"clientId\":\"arn:aws:signin:::devtools/same-device\",\"grantType\":\"refresh_token\","     \
    "\"refreshToken\":\"hush-refresh\"}"
#define RENEW(code, text)                                                                          \
    {                                                                                              \
        .method = "POST", .url = TOKEN_URL,                                                        \
        .headers = "content-type: application/json\n!authorization", .body = BODY,                 \
        .status = (code), .answer = (text)                                                         \
    }
#define ANSWER                                                                                     \
    "{\"accessToken\":{\"accessKeyId\":\"ASIANEW\",\"secretAccessKey\":\"hush-secret2\","          \
    "\"sessionToken\":\"hush-token2\"},\"tokenType\":\"x\",\"expiresIn\":900,\"refreshToken\":"    \
    "\"hush-refresh2\"}"

static struct login_world world;

#define SET_UP(exchanges)                                                                          \
    login_world_init(&world, CONFIG, "work", exchanges, sizeof(exchanges) / sizeof(exchanges)[0])

static enum source_result fetch(struct dsql_credentials *got, dsql_error *err)
{
    enum source_result result = login_fetch(&world.base.context, &world.profile, got, err);
    assert_no_secret(err->message);
    assert_no_secret(world.detail.text);
    return result;
}

static void expect_got(const char *id, const char *secret, const char *token, int64_t expires_at)
{
    struct dsql_credentials got = {0};
    dsql_error err = {0};
    assert_int_equal(fetch(&got, &err), SOURCE_GOT);
    assert_string_equal(secret_string(&got.access_key_id), id);
    assert_string_equal(secret_string(&got.secret_access_key), secret);
    assert_string_equal(secret_string(&got.session_token), token);
    assert_int_equal(got.expires_at, expires_at);
    credentials_clear(&got);
}

static void expect_old(int64_t expires_at)
{
    expect_got("ASIAOLD", "hush-secret", "hush-token", expires_at);
}

static void expect_new(void)
{
    expect_got("ASIANEW", "hush-secret2", "hush-token2", WORLD_START_S + 900);
}

static void expect_failure(const char *message)
{
    struct dsql_credentials got = {0};
    dsql_error err = {0};
    assert_int_equal(fetch(&got, &err), SOURCE_FAILED);
    assert_string_equal(err.message, message);
    assert_true(secret_is_empty(&got.access_key_id));
}

/* ---- The cache ---- */

static void login_that_lasts_is_used_as_it_is(void **state)
{
    (void)state;
    login_world_init(&world, CONFIG, "work", NULL, 0);
    login_world_put(&world, FILE_PATH, CACHE(JUST_MORE));
    expect_old(WORLD_START_S + 301);
    assert_string_equal(world.detail.text, "login_session of profile \"work\"");
    login_world_clear(&world);
}

static void cache_can_stand_elsewhere(void **state)
{
    (void)state;
    login_world_init(&world, CONFIG, "work", NULL, 0);
    setenv("AWS_LOGIN_CACHE_DIRECTORY", "/somewhere/else", 1);
    login_world_put(&world, "/somewhere/else/" FILE_NAME, CACHE(JUST_MORE));
    expect_old(WORLD_START_S + 301);
    login_world_clear(&world);
}

static void profile_without_login_session_is_not_configured(void **state)
{
    (void)state;
    struct dsql_credentials got = {0};
    dsql_error err = {0};
    login_world_init(&world, "[profile work]\nregion = us-east-1\n", "work", NULL, 0);
    assert_int_equal(fetch(&got, &err), SOURCE_NOT_CONFIGURED);
    assert_string_equal(err.message, "profile \"work\" has no login_session");
    login_world_clear(&world);
}

static void expect_cache_failure(const char *content, const char *message)
{
    login_world_init(&world, CONFIG, "work", NULL, 0);
    if (content != NULL) {
        login_world_put(&world, FILE_PATH, content);
    }
    expect_failure(message);
    login_world_clear(&world);
}

/* The whole cache less one name, which is put under another. */
static void expect_lack_is_named(const char *name)
{
    char content[2048];
    char quoted[64];
    char message[256];
    snprintf(content, sizeof content, "%s", CACHE(JUST_MORE));
    snprintf(quoted, sizeof quoted, "\"%s\"", name);
    char *found = strstr(content, quoted);
    assert_non_null(found);
    found[1] = '_';
    snprintf(message, sizeof message,
             "the login of profile \"work\" cannot be used: %s is missing in its cache file" AGAIN,
             name);
    expect_cache_failure(content, message);
}

static void every_name_of_the_cache_is_needed(void **state)
{
    (void)state;
    static const char *const names[] = {"accessToken",  "accessKeyId",  "secretAccessKey",
                                        "sessionToken", "accountId",    "expiresAt",
                                        "clientId",     "refreshToken", "dpopKey"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        expect_lack_is_named(names[i]);
    }
}

static void cache_that_cannot_be_used_says_to_log_in(void **state)
{
    (void)state;
    expect_cache_failure(
        NULL, "the login of profile \"work\" does not exist: nobody has logged in yet" AGAIN);
    expect_cache_failure("hush", "the login of profile \"work\" cannot be used: its cache file "
                                 "cannot be read or is damaged" AGAIN);
    expect_cache_failure("{\"accessToken\":\"hush\"}",
                         "the login of profile \"work\" cannot be used: accessToken is missing "
                         "in its cache file" AGAIN);
    expect_cache_failure(CACHE("hush"), "the login of profile \"work\" cannot be used: expiresAt "
                                        "in its cache file is not a valid time" AGAIN);
    expect_cache_failure(CACHE_OF("ASIA", ENDED, "hush-refresh", "hush-key"),
                         "the login of profile \"work\" cannot be used: the dpopKey in its "
                         "cache file is not valid" AGAIN);
}

/* ---- Renewing ---- */

static void login_near_its_end_is_renewed_and_kept(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {RENEW(200, ANSWER)};
    SET_UP(exchanges);
    login_world_put(&world, FILE_PATH, CACHE(FIVE_MINUTES));
    expect_new();
    const char *kept = login_world_content(&world, FILE_PATH);
    assert_non_null(strstr(kept, "\"accessToken\":{\"accessKeyId\":\"ASIANEW\","
                                 "\"secretAccessKey\":\"hush-secret2\",\"sessionToken\":"
                                 "\"hush-token2\",\"accountId\":\"012345678901\",\"expiresAt\":"
                                 "\"2023-11-14T22:28:20Z\"}"));
    assert_non_null(strstr(kept, "\"refreshToken\":\"hush-refresh2\""));
    assert_non_null(strstr(kept, "\"idToken\":\"hush-id\"")); /* what we do not know stays */
    assert_non_null(strstr(kept, "\"dpopKey\":\"" KEY "\""));
    assert_string_equal(world.log, "");
    expect_new(); /* now from the file */
    login_world_clear(&world);
}

/* Header and claims for the first two numbers that were drawn; test_dpop.c looks closer. */
static void renewal_is_proved_anew_at_each_try(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        {.method = "POST", .url = TOKEN_URL, .failure = DSQL_ERR_CONNECT},
        RENEW(500, ""),
        RENEW(200, ANSWER),
    };
    static const char first_claims[] =
        ".eyJqdGkiOiIwMDAwMDAwMC0wMDAwLTQwMDEtODAwMC0wMDAwMDAwMDAwMDIiLCJodG0iOiJQT1NUIiwiaHR1Ijoi"
        "aHR0cHM6Ly91cy1lYXN0LTEuc2lnbmluLmF3cy5hbWF6b24uY29tL3YxL3Rva2VuIiwiaWF0IjoxNzAwMDAwMDAwf"
        "Q.";
    SET_UP(exchanges);
    login_world_put(&world, FILE_PATH, CACHE(ENDED));
    expect_new();
    assert_null(strstr(world.last_dpop, first_claims));
    assert_int_equal(world.drawn, 3 * 2 + 2); /* two for each proof, one for each wait */
    login_world_clear(&world);

    static const struct replay_exchange once[] = {RENEW(200, ANSWER)};
    SET_UP(once);
    login_world_put(&world, FILE_PATH, CACHE(ENDED));
    expect_new();
    assert_non_null(strstr(world.last_dpop, first_claims));
    login_world_clear(&world);
}

static void renewal_that_cannot_be_written_is_used_and_complained_about(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {RENEW(200, ANSWER)};
    SET_UP(exchanges);
    login_world_put(&world, FILE_PATH, CACHE(ENDED));
    world.is_full = true;
    expect_new();
    assert_string_equal(
        world.log, "1 could not save the renewed login of profile \"work\"; the next renewal "
                   "needs aws login: could not write " FILE_PATH ": No space left on device\n");
    login_world_clear(&world);
}

static void renewal_goes_to_the_partition_of_its_region(void **state)
{
    (void)state;
    static const struct {
        const char *region;
        const char *url;
    } cases[] = {
        {"eu-west-1", "https://eu-west-1.signin.aws.amazon.com/v1/token"},
        {"cn-north-1", "https://cn-north-1.signin.amazonaws.cn/v1/token"},
        {"us-gov-west-1", "https://us-gov-west-1.signin.amazonaws-us-gov.com/v1/token"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char config[256];
        const struct replay_exchange exchange = {
            .method = "POST", .url = cases[i].url, .body = BODY, .status = 200, .answer = ANSWER};
        snprintf(config, sizeof config,
                 "[profile work]\nlogin_session = arn:aws:iam::012345678901:user/ana\n"
                 "region = %s\n",
                 cases[i].region);
        login_world_init(&world, config, "work", &exchange, 1);
        setenv("AWS_REGION", "us-east-2", 1); /* the profile knows where the login was */
        login_world_put(&world, FILE_PATH, CACHE(ENDED));
        expect_new();
        login_world_clear(&world);
    }
}

static void region_of_the_environment_is_used_when_the_profile_has_none(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {RENEW(200, ANSWER)};
    login_world_init(&world, "[profile work]\nlogin_session = arn:aws:iam::012345678901:user/ana\n",
                     "work", exchanges, 1);
    setenv("AWS_REGION", "us-east-1", 1);
    login_world_put(&world, FILE_PATH, CACHE(ENDED));
    expect_new();
    login_world_clear(&world);
}

/* ---- Refusals ---- */

static void refusals_say_what_to_do(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *answer;
        const char *message;
    } cases[] = {
        {401, "{\"error\":\"TOKEN_EXPIRED\",\"message\":\"hush\"}",
         "the login of profile \"work\" has ended" AGAIN},
        {403, "{\"error\":\"USER_CREDENTIALS_CHANGED\",\"message\":\"hush\"}",
         "the login of profile \"work\" ended because the user's password or permissions "
         "changed" AGAIN},
        {403, "{\"error\":\"INSUFFICIENT_PERMISSIONS\",\"message\":\"hush\"}",
         "the login of profile \"work\" cannot be renewed: the user needs the permission "
         "signin:CreateOAuth2Token" AGAIN},
        {400, "{\"error\":\"INVALID_REQUEST\"}",
         "the login of profile \"work\" could not be renewed (HTTP 400 INVALID_REQUEST)" AGAIN},
        {400, "hush", "the login of profile \"work\" could not be renewed (HTTP 400)" AGAIN},
        {302, "", "the login of profile \"work\" could not be renewed (HTTP 302)" AGAIN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct replay_exchange exchanges[] = {RENEW(cases[i].status, cases[i].answer)};
        SET_UP(exchanges);
        login_world_put(&world, FILE_PATH, CACHE(FIVE_MINUTES));
        expect_failure(cases[i].message);
        assert_string_equal(login_world_content(&world, FILE_PATH), CACHE(FIVE_MINUTES));
        login_world_clear(&world);
    }
}

static void answer_that_lacks_something_changes_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{}",
        "{\"accessToken\":\"hush\",\"expiresIn\":900,\"refreshToken\":\"hush\"}",
        "{\"accessToken\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"hush\"},\"expiresIn\":900,"
        "\"refreshToken\":\"hush\"}",
        "{\"accessToken\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"hush\",\"sessionToken\":"
        "\"hush\"},\"expiresIn\":900}",
        "{\"accessToken\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"hush\",\"sessionToken\":"
        "\"hush\"},\"refreshToken\":\"hush\"}",
        "{\"accessToken\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"hush\",\"sessionToken\":"
        "\"hush\"},\"expiresIn\":-1,\"refreshToken\":\"hush\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct replay_exchange exchanges[] = {RENEW(200, bad[i])};
        SET_UP(exchanges);
        login_world_put(&world, FILE_PATH, CACHE(FIVE_MINUTES));
        expect_failure(
            "the login of profile \"work\" could not be renewed: the response is incomplete" AGAIN);
        assert_string_equal(login_world_content(&world, FILE_PATH), CACHE(FIVE_MINUTES));
        login_world_clear(&world);
    }
}

/* While our request is under way, another program renews and writes. */
static void another_renews(struct login_world *of)
{
    login_world_put(of, FILE_PATH,
                    CACHE_OF("ASIAOTHER", "2023-11-14T22:28:20Z", "hush-other", KEY));
}

static void renewal_lost_to_another_program_takes_what_that_one_got(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {RENEW(401, "{\"error\":\"TOKEN_EXPIRED\"}")};
    SET_UP(exchanges);
    login_world_put(&world, FILE_PATH, CACHE(FIVE_MINUTES));
    world.on_send = another_renews;
    expect_got("ASIAOTHER", "hush-secret", "hush-token", WORLD_START_S + 900);
    login_world_clear(&world);
}

static void old_credentials_are_used_while_the_service_stumbles(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        {.method = "POST", .url = TOKEN_URL, .failure = DSQL_ERR_TIMEOUT},
        {.method = "POST", .url = TOKEN_URL, .failure = DSQL_ERR_TIMEOUT},
        RENEW(503, "hush"),
    };
    SET_UP(exchanges);
    login_world_put(&world, FILE_PATH, CACHE(FIVE_MINUTES));
    expect_old(WORLD_START_S + 300);
    assert_string_equal(
        world.log,
        "1 could not renew the login of profile \"work\"; its credentials expire in 300 s\n");
    login_world_clear(&world);
}

static void ended_login_that_cannot_be_renewed_is_an_error(void **state)
{
    (void)state;
    struct dsql_credentials got = {0};
    dsql_error err = {0};
    static const struct replay_exchange silent[] = {
        {.method = "POST", .url = TOKEN_URL, .failure = DSQL_ERR_TIMEOUT},
        {.method = "POST", .url = TOKEN_URL, .failure = DSQL_ERR_TIMEOUT},
        {.method = "POST", .url = TOKEN_URL, .failure = DSQL_ERR_TIMEOUT},
    };
    static const struct replay_exchange stumbling[] = {RENEW(503, ""), RENEW(503, ""),
                                                       RENEW(503, "")};
    SET_UP(silent);
    login_world_put(&world, FILE_PATH, CACHE(ENDED));
    assert_int_equal(fetch(&got, &err), SOURCE_FAILED);
    assert_int_equal(err.status, DSQL_ERR_TIMEOUT);
    login_world_clear(&world);

    SET_UP(stumbling);
    login_world_put(&world, FILE_PATH, CACHE(ENDED));
    expect_failure("the login of profile \"work\" could not be renewed (HTTP 503)" AGAIN);
    login_world_clear(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(login_that_lasts_is_used_as_it_is),
        cmocka_unit_test(cache_can_stand_elsewhere),
        cmocka_unit_test(profile_without_login_session_is_not_configured),
        cmocka_unit_test(every_name_of_the_cache_is_needed),
        cmocka_unit_test(cache_that_cannot_be_used_says_to_log_in),
        cmocka_unit_test(login_near_its_end_is_renewed_and_kept),
        cmocka_unit_test(renewal_is_proved_anew_at_each_try),
        cmocka_unit_test(renewal_that_cannot_be_written_is_used_and_complained_about),
        cmocka_unit_test(renewal_goes_to_the_partition_of_its_region),
        cmocka_unit_test(region_of_the_environment_is_used_when_the_profile_has_none),
        cmocka_unit_test(refusals_say_what_to_do),
        cmocka_unit_test(answer_that_lacks_something_changes_nothing),
        cmocka_unit_test(renewal_lost_to_another_program_takes_what_that_one_got),
        cmocka_unit_test(old_credentials_are_used_while_the_service_stumbles),
        cmocka_unit_test(ended_login_that_cannot_be_renewed_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
