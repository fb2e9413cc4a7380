/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The metadata service of an instance: sessions, roles, trouble, and machines without one. */
#include "credentials/sources/imds.h"
#include "credentials/sources/sources.h"
#include "source_world.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define BASE   "http://169.254.169.254"
#define ROLES  BASE "/latest/meta-data/iam/security-credentials/"
#define REGION BASE "/latest/meta-data/placement/region"

#define TOKEN_OK(token)                                                                            \
    {                                                                                              \
        .method = "PUT", .url = BASE "/latest/api/token",                                          \
        .headers = "x-aws-ec2-metadata-token-ttl-seconds: 21600\n!x-aws-ec2-metadata-token",       \
        .status = 200, .answer_headers = "X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 21600",            \
        .answer = (token)                                                                          \
    }
#define TOKEN_ASKED .method = "PUT", .url = BASE "/latest/api/token"
#define ROLE_ASKED  .method = "GET", .url = ROLES, .headers = "x-aws-ec2-metadata-token: t1"
#define ROLE_OK                                                                                    \
    {                                                                                              \
        ROLE_ASKED, .status = 200, .answer = "role\n"                                              \
    }
#define KEYS_ASKED .method = "GET", .url = ROLES "role", .headers = "x-aws-ec2-metadata-token: t1"
#define KEYS(id, expiration)                                                                       \
    {                                                                                              \
        KEYS_ASKED,                                                                                \
            .status = 200,                                                                         \
            .answer =                                                                              \
                "{\"Code\":\"Success\",\"AccessKeyId\":\"" id                                      \
                "\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"" expiration "\"}"  \
    }

/* The world starts at 2023-11-14T22:13:20Z. */
enum { START_S = 1700000000 };
#define LATER   "2023-11-15T04:13:20Z" /* + 6 h */
#define SOON    "2023-11-14T22:16:40Z" /* + 200 s */
#define EARLIER "2023-11-14T22:13:19Z"

static struct source_world world;
static dsql_error err;

static void start(const struct replay_exchange *exchanges, size_t count)
{
    imds_free(world.context.imds);
    source_world_init(&world, exchanges, count);
    world.context.imds = imds_new();
    assert_non_null(world.context.imds);
}

static int finish(void **state)
{
    (void)state;
    imds_free(world.context.imds);
    world.context.imds = NULL;
    return 0;
}

static void go_on(const struct replay_exchange *exchanges, size_t count)
{
    assert_true(replay_done(&world.replay));
    replay_init(&world.replay, exchanges, count);
}

static void expect_got(const char *id, int64_t expires_at)
{
    struct dsql_credentials got = {0};
    memset(&err, 0, sizeof err);
    if (imds_fetch(&world.context, NULL, &got, &err) != SOURCE_GOT) {
        fail_msg("%s", err.message);
    }
    assert_string_equal(secret_string(&got.access_key_id), id);
    assert_int_equal(got.expires_at, expires_at);
    credentials_clear(&got);
    assert_true(replay_done(&world.replay));
}

static void expect(enum source_result expected, const char *part)
{
    struct dsql_credentials got = {0};
    memset(&err, 0, sizeof err);
    assert_int_equal(imds_fetch(&world.context, NULL, &got, &err), expected);
    if (strstr(err.message, part) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part, err.message);
    }
    assert_true(secret_is_empty(&got.access_key_id));
    assert_true(replay_done(&world.replay));
}

static void role_gives_credentials(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {TOKEN_OK("t1\n"), ROLE_OK,
                                                       KEYS("ASIA1", LATER)};
    start(exchanges, 3);
    expect_got("ASIA1", START_S + 6 * 3600);
    assert_int_equal(world.replay.last_reach, HTTP_LOCAL);
    assert_int_equal(world.log_lines, 0);
}

static void nothing_is_kept_without_a_place_for_it(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {TOKEN_OK("t1"), ROLE_OK,
                                                       KEYS("ASIA1", LATER)};
    start(exchanges, 3);
    struct imds *kept = world.context.imds;
    world.context.imds = NULL;
    expect_got("ASIA1", START_S + 6 * 3600);
    world.context.imds = kept;
}

static void name_of_the_role_is_escaped_in_the_path(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        TOKEN_OK("t1"),
        {ROLE_ASKED, .status = 200, .answer = " a/../b?c \nsecond"},
        {.method = "GET", .url = ROLES "a%2F..%2Fb%3Fc", .status = 404},
    };
    start(exchanges, 3);
    expect(SOURCE_FAILED, "did not return the credentials of the role: status 404");
}

static void name_of_a_role_is_bounded(void **state)
{
    (void)state;
    char name[258];
    const struct replay_exchange exchanges[] = {
        TOKEN_OK("t1"),
        {ROLE_ASKED, .status = 200, .answer = name},
    };
    memset(name, '/', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    start(exchanges, 2);
    expect(SOURCE_FAILED, "returned a role name that is too long");
}

static void session_token_is_kept_until_shortly_before_its_end(void **state)
{
    (void)state;
    static const struct replay_exchange first[] = {TOKEN_OK("t1"), ROLE_OK, KEYS("ASIA1", LATER)};
    static const struct replay_exchange kept[] = {ROLE_OK, KEYS("ASIA2", LATER)};
    static const struct replay_exchange renewed[] = {TOKEN_OK("t1"), ROLE_OK, KEYS("ASIA3", LATER)};
    start(first, 3);
    expect_got("ASIA1", START_S + 6 * 3600);
    world.now_s += 21600 - 121;
    go_on(kept, 2);
    expect_got("ASIA2", START_S + 6 * 3600);
    world.now_s += 1;
    go_on(renewed, 3);
    expect_got("ASIA3", START_S + 6 * 3600);
}

static void session_token_with_a_short_life_is_renewed_at_half_of_it(void **state)
{
    (void)state;
    static const struct replay_exchange brief = {TOKEN_ASKED, .status = 200, .answer = "t1",
                                                 .answer_headers =
                                                     "x-aws-ec2-metadata-token-ttl-seconds: 60"};
    const struct replay_exchange first[] = {brief, ROLE_OK, KEYS("ASIA1", LATER)};
    static const struct replay_exchange kept[] = {ROLE_OK, KEYS("ASIA2", LATER)};
    const struct replay_exchange renewed[] = {brief, ROLE_OK, KEYS("ASIA3", LATER)};
    start(first, 3);
    expect_got("ASIA1", START_S + 6 * 3600);
    world.now_s += 29;
    go_on(kept, 2);
    expect_got("ASIA2", START_S + 6 * 3600);
    world.now_s += 1;
    go_on(renewed, 3);
    expect_got("ASIA3", START_S + 6 * 3600);
}

static void session_token_that_is_refused_is_renewed_once(void **state)
{
    (void)state;
    static const struct replay_exchange renewed[] = {
        TOKEN_OK("t0"),
        {.method = "GET", .url = ROLES, .headers = "x-aws-ec2-metadata-token: t0", .status = 401},
        TOKEN_OK("t1"),
        ROLE_OK,
        KEYS("ASIA1", LATER),
    };
    static const struct replay_exchange refused[] = {
        TOKEN_OK("t1"), {ROLE_ASKED, .status = 401}, TOKEN_OK("t1"), {ROLE_ASKED, .status = 401}};
    start(renewed, 5);
    expect_got("ASIA1", START_S + 6 * 3600);
    start(refused, 4);
    expect(SOURCE_FAILED, "rejected its own session token");
}

static void session_tokens_that_could_write_headers_are_refused(void **state)
{
    (void)state;
    const char *const bad[] = {"a\r\nhost: evil", "a b", "", "\n", "a\x01", "\xc3\xb6"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct replay_exchange exchange = {TOKEN_ASKED, .status = 200, .answer = bad[i]};
        start(&exchange, 1);
        expect(SOURCE_FAILED, "an invalid session token");
    }
}

/* ---- No instance, no role, switched off ---- */

static void machine_without_the_service_is_not_configured_after_one_try(void **state)
{
    (void)state;
    const dsql_status silences[] = {DSQL_ERR_CONNECT, DSQL_ERR_TIMEOUT};
    for (size_t i = 0; i < 2; i++) {
        const struct replay_exchange exchange = {TOKEN_ASKED, .failure = silences[i]};
        start(&exchange, 1);
        expect(SOURCE_NOT_CONFIGURED, "there is no instance metadata service at " BASE);
    }
}

static void attempts_that_were_asked_for_are_made(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        {TOKEN_ASKED, .failure = DSQL_ERR_TIMEOUT},
        {TOKEN_ASKED, .failure = DSQL_ERR_TIMEOUT},
    };
    start(exchanges, 2);
    setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "2", 1);
    expect(SOURCE_NOT_CONFIGURED, "there is no instance metadata service");
}

static void expect_no_token(int status, enum source_result result, const char *part)
{
    const struct replay_exchange exchange = {TOKEN_ASKED, .status = status};
    start(&exchange, 1);
    expect(result, part);
}

static void refusals_of_a_session_token_are_told_apart(void **state)
{
    (void)state;
    static const struct replay_exchange broken[] = {
        {TOKEN_ASKED, .status = 503}, {TOKEN_ASKED, .status = 500}, {TOKEN_ASKED, .status = 503}};
    expect_no_token(403, SOURCE_NOT_CONFIGURED, "is disabled (status 403)");
    expect_no_token(404, SOURCE_NOT_CONFIGURED, "is not available (status 404)");
    expect_no_token(405, SOURCE_NOT_CONFIGURED, "is not available (status 405)");
    expect_no_token(302, SOURCE_NOT_CONFIGURED, "is not available (status 302)");
    expect_no_token(400, SOURCE_FAILED, "returned no session token: status 400");
    start(broken, 3);
    expect(SOURCE_FAILED, "returned no session token: status 503");
}

static void instance_without_a_role_is_not_configured(void **state)
{
    (void)state;
    static const struct replay_exchange missing[] = {TOKEN_OK("t1"), {ROLE_ASKED, .status = 404}};
    static const struct replay_exchange empty[] = {TOKEN_OK("t1"),
                                                   {ROLE_ASKED, .status = 200, .answer = " \n"}};
    start(missing, 2);
    expect(SOURCE_NOT_CONFIGURED, "the instance has no IAM role");
    start(empty, 2);
    expect(SOURCE_NOT_CONFIGURED, "the instance has no IAM role");
}

static void switched_off_asks_nobody(void **state)
{
    (void)state;
    char region[64];
    start(NULL, 0);
    setenv("AWS_EC2_METADATA_DISABLED", " True", 1);
    expect(SOURCE_NOT_CONFIGURED, "AWS_EC2_METADATA_DISABLED is true");
    assert_int_equal(imds_region(&world.context, NULL, region, sizeof region, &err),
                     SOURCE_NOT_CONFIGURED);
    assert_true(replay_done(&world.replay));
}

static void only_true_switches_off(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {TOKEN_OK("t1"), ROLE_OK,
                                                       KEYS("ASIA1", LATER)};
    start(exchanges, 3);
    setenv("AWS_EC2_METADATA_DISABLED", "1", 1);
    expect_got("ASIA1", START_S + 6 * 3600);
}

/* ---- Settings ---- */

static void expect_asked(const char *url, const char *config)
{
    const struct replay_exchange exchange = {.method = "PUT", .url = url, .status = 404};
    struct dsql_credentials got = {0};
    struct profile_set *set = profile_set_parse(text_of(config), text_of(""), NULL);
    const struct profile profile = {.set = set, .name = "default"};
    replay_init(&world.replay, &exchange, 1);
    assert_int_equal(imds_fetch(&world.context, &profile, &got, &err), SOURCE_NOT_CONFIGURED);
    assert_true(replay_done(&world.replay));
    profile_set_free(set);
}

static void endpoint_comes_from_the_environment_then_the_profile(void **state)
{
    (void)state;
    const char *both = "[default]\nec2_metadata_service_endpoint = http://profile:456/\n"
                       "ec2_metadata_service_endpoint_mode = IPv6\n";
    const char *mode = "[default]\nec2_metadata_service_endpoint_mode = ipV6\n";
    start(NULL, 0);
    expect_asked("http://169.254.169.254/latest/api/token", "");
    expect_asked("http://profile:456/latest/api/token", both);
    expect_asked("http://[fd00:ec2::254]/latest/api/token", mode);
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv4", 1);
    expect_asked("http://169.254.169.254/latest/api/token", mode);
    expect_asked("http://profile:456/latest/api/token", both);
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://override:456", 1);
    expect_asked("http://override:456/latest/api/token", both);
}

static void expect_bad_setting(const char *variable, const char *value, const char *part)
{
    start(NULL, 0);
    setenv(variable, value, 1);
    expect(SOURCE_FAILED, part);
}

static void settings_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    expect_bad_setting("AWS_EC2_METADATA_SERVICE_ENDPOINT", "not a uri", "must be a URL");
    expect_bad_setting("AWS_EC2_METADATA_SERVICE_ENDPOINT", "169.254.169.254", "must be a URL");
    expect_bad_setting("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv7", "must be IPv4 or IPv6");
    expect_bad_setting("AWS_METADATA_SERVICE_TIMEOUT", "0", "a number from 1 to 300");
    expect_bad_setting("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "x", "a number from 1 to 20");
}

/* ---- Trouble ---- */

static void trouble_is_tried_again(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        {TOKEN_ASKED, .status = 503},
        TOKEN_OK("t1"),
        {ROLE_ASKED, .failure = DSQL_ERR_TIMEOUT},
        {ROLE_ASKED, .status = 500},
        ROLE_OK,
        {KEYS_ASKED, .status = 503},
        {KEYS_ASKED, .status = 200, .answer = "{"},
        KEYS("ASIA1", LATER),
    };
    start(exchanges, 8);
    expect_got("ASIA1", START_S + 6 * 3600);
}

static void role_that_may_not_be_taken_is_explained(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        TOKEN_OK("t1"),
        ROLE_OK,
        {KEYS_ASKED, .status = 200, .answer = "{\"Code\":\"AssumeRoleUnauthorizedAccess\"}"},
    };
    start(exchanges, 3);
    expect(SOURCE_FAILED, "trust policy");
}

static void credentials_that_have_expired_are_used_some_minutes_more(void **state)
{
    (void)state;
    static const struct replay_exchange stale[] = {TOKEN_OK("t1"), ROLE_OK, KEYS("ASIA1", EARLIER)};
    static const struct replay_exchange again[] = {ROLE_OK, KEYS("ASIA1", EARLIER)};
    static const struct replay_exchange fresh[] = {ROLE_OK, KEYS("ASIA2", LATER)};
    start(stale, 3);
    world.chance = 100; /* of 0..300 s, on top of 300 */
    expect_got("ASIA1", START_S + 700);
    assert_int_equal(world.log_lines, 1);
    assert_non_null(strstr(world.log, "credentials that have expired"));
    assert_null(strstr(world.log, "ASIA1"));
    world.now_s += 399;
    go_on(NULL, 0); /* nobody is asked before 400 s are over */
    expect_got("ASIA1", START_S + 700);
    world.now_s += 1;
    go_on(again, 2);
    expect_got("ASIA1", START_S + 400 + 700);
    assert_int_equal(world.log_lines, 1);
    world.now_s += 400;
    go_on(fresh, 2);
    expect_got("ASIA2", START_S + 6 * 3600);
}

static void short_lived_credentials_are_not_extended(void **state)
{
    (void)state;
    static const struct replay_exchange first[] = {TOKEN_OK("t1"), ROLE_OK, KEYS("ASIA1", SOON)};
    static const struct replay_exchange second[] = {ROLE_OK, KEYS("ASIA2", SOON)};
    start(first, 3);
    expect_got("ASIA1", START_S + 200);
    world.now_s += 100;
    go_on(second, 2);
    expect_got("ASIA2", START_S + 200);
    assert_int_equal(world.log_lines, 0);
}

static void old_ones_are_used_while_the_service_is_in_trouble(void **state)
{
    (void)state;
    static const struct replay_exchange first[] = {TOKEN_OK("t1"), ROLE_OK, KEYS("ASIA1", SOON)};
    static const struct replay_exchange trouble[] = {
        {ROLE_ASKED, .status = 500}, {ROLE_ASKED, .status = 500}, {ROLE_ASKED, .status = 500}};
    start(first, 3);
    expect_got("ASIA1", START_S + 200);
    world.now_s += 100;
    go_on(trouble, 3);
    expect_got("ASIA1", START_S + 200); /* still good, so not extended */
    assert_int_equal(world.log_lines, 1);
    world.now_s += 99;
    go_on(NULL, 0);
    expect_got("ASIA1", START_S + 200);
    world.now_s += 1;
    go_on(trouble, 3);
    expect_got("ASIA1", START_S + 200 + 600); /* now they have expired */
    assert_int_equal(world.log_lines, 1);
}

static void role_that_has_gone_is_not_held_on_to(void **state)
{
    (void)state;
    static const struct replay_exchange first[] = {TOKEN_OK("t1"), ROLE_OK, KEYS("ASIA1", SOON)};
    static const struct replay_exchange gone[] = {{ROLE_ASKED, .status = 404}};
    start(first, 3);
    expect_got("ASIA1", START_S + 200);
    world.now_s += 100;
    go_on(gone, 1);
    expect(SOURCE_NOT_CONFIGURED, "the instance has no IAM role");
}

static void clock_that_was_set_back_does_not_stop_the_questions(void **state)
{
    (void)state;
    static const struct replay_exchange stale[] = {TOKEN_OK("t1"), ROLE_OK, KEYS("ASIA1", EARLIER)};
    static const struct replay_exchange fresh[] = {ROLE_OK, KEYS("ASIA2", LATER)};
    start(stale, 3);
    expect_got("ASIA1", START_S + 600);
    world.now_s -= 86400;
    go_on(fresh, 2);
    expect_got("ASIA2", START_S + 6 * 3600);
}

/* ---- The region ---- */

static void expect_region(const char *answer, int status, enum source_result expected)
{
    const struct replay_exchange exchanges[] = {
        TOKEN_OK("t1"),
        {.method = "GET",
         .url = REGION,
         .headers = "x-aws-ec2-metadata-token: t1",
         .status = status,
         .answer = answer},
    };
    char region[16] = "";
    start(exchanges, 2);
    assert_int_equal(imds_region(&world.context, NULL, region, sizeof region, &err), expected);
    assert_true(replay_done(&world.replay));
    assert_string_equal(region, expected == SOURCE_GOT ? "eu-west-1" : "");
}

static void region_is_told(void **state)
{
    (void)state;
    expect_region("eu-west-1\n", 200, SOURCE_GOT);
    expect_region("eu-west-1.evil", 200, SOURCE_FAILED);
    expect_region("eu/west", 200, SOURCE_FAILED);
    expect_region("", 200, SOURCE_FAILED);
    expect_region("a-region-too-long-for-it", 200, SOURCE_FAILED);
    expect_region("eu-west-1", 404, SOURCE_FAILED);
}

static void source_of_the_chain_reads_the_profile(void **state)
{
    (void)state;
    static const struct source_file files[] = {
        {"/home/.aws/config", "[default]\nec2_metadata_service_endpoint = http://one/\n"
                              "[profile b]\nec2_metadata_service_endpoint = http://two/\n"
                              "[profile c]\nec2_metadata_service_endpoint = http://three/\n"},
    };
    static const struct replay_exchange one = {
        .method = "PUT", .url = "http://one/latest/api/token", .status = 404};
    static const struct replay_exchange two = {
        .method = "PUT", .url = "http://two/latest/api/token", .status = 404};
    static const struct replay_exchange three = {
        .method = "PUT", .url = "http://three/latest/api/token", .status = 404};
    struct dsql_credentials got = {0};
    start(&one, 1);
    world.files = files;
    world.file_count = 1;
    assert_int_equal(credentials_source_imds.fetch(&world.context, &got, &err),
                     SOURCE_NOT_CONFIGURED);
    setenv("AWS_PROFILE", "b", 1);
    go_on(&two, 1);
    assert_int_equal(credentials_source_imds.fetch(&world.context, &got, &err),
                     SOURCE_NOT_CONFIGURED);
    world.context.profile = "c";
    go_on(&three, 1);
    assert_int_equal(credentials_source_imds.fetch(&world.context, &got, &err),
                     SOURCE_NOT_CONFIGURED);
    assert_true(replay_done(&world.replay));
}

#define TEST(function) cmocka_unit_test_teardown(function, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(role_gives_credentials),
        TEST(nothing_is_kept_without_a_place_for_it),
        TEST(name_of_the_role_is_escaped_in_the_path),
        TEST(name_of_a_role_is_bounded),
        TEST(session_token_is_kept_until_shortly_before_its_end),
        TEST(session_token_with_a_short_life_is_renewed_at_half_of_it),
        TEST(session_token_that_is_refused_is_renewed_once),
        TEST(session_tokens_that_could_write_headers_are_refused),
        TEST(machine_without_the_service_is_not_configured_after_one_try),
        TEST(attempts_that_were_asked_for_are_made),
        TEST(refusals_of_a_session_token_are_told_apart),
        TEST(instance_without_a_role_is_not_configured),
        TEST(switched_off_asks_nobody),
        TEST(only_true_switches_off),
        TEST(endpoint_comes_from_the_environment_then_the_profile),
        TEST(settings_that_make_no_sense_are_refused),
        TEST(trouble_is_tried_again),
        TEST(role_that_may_not_be_taken_is_explained),
        TEST(credentials_that_have_expired_are_used_some_minutes_more),
        TEST(short_lived_credentials_are_not_extended),
        TEST(old_ones_are_used_while_the_service_is_in_trouble),
        TEST(role_that_has_gone_is_not_held_on_to),
        TEST(clock_that_was_set_back_does_not_stop_the_questions),
        TEST(region_is_told),
        TEST(source_of_the_chain_reads_the_profile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
