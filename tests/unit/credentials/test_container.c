/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The agent of a container: where it may be, how it is asked, what is made of its answer. */
#include "credentials/sources/container.h"
#include "source_world.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define RELATIVE   "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL       "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define TOKEN      "AWS_CONTAINER_AUTHORIZATION_TOKEN"
#define TOKEN_FILE "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"

#define GOOD_ANSWER                                                                                \
    "{\"AccessKeyId\":\"ASIAGOOD\",\"SecretAccessKey\":\"goodsecret\",\"Token\":\"goodtoken\","    \
    "\"Expiration\":\"2024-08-27T00:00:00Z\",\"RoleArn\":\"arn\"}"

#define ECS_URL "http://169.254.170.2/v2/credentials/x?a=1"

static const struct replay_exchange good[] = {{
    .method = "GET",
    .url = ECS_URL,
    .headers = "accept: application/json\n!authorization",
    .status = 200,
    .answer = GOOD_ANSWER,
}};

static struct source_world world;
static dsql_error err;

static enum source_result fetch(struct dsql_credentials *got)
{
    memset(&err, 0, sizeof err);
    enum source_result result = container_fetch(&world.context, got, &err);
    assert_null(strstr(err.message, "SECRET"));
    assert_int_equal(world.log_lines, 0);
    return result;
}

static void expect_good(void)
{
    struct dsql_credentials got = {0};
    enum source_result result = fetch(&got);
    if (result != SOURCE_GOT) {
        fail_msg("%s", err.message);
    }
    assert_string_equal(secret_string(&got.access_key_id), "ASIAGOOD");
    assert_string_equal(secret_string(&got.secret_access_key), "goodsecret");
    assert_string_equal(secret_string(&got.session_token), "goodtoken");
    assert_int_equal(got.expires_at, 1724716800);
    credentials_clear(&got);
    assert_true(replay_done(&world.replay));
}

static void expect(enum source_result expected, const char *part)
{
    struct dsql_credentials got = {0};
    assert_int_equal(fetch(&got), expected);
    if (strstr(err.message, part) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part, err.message);
    }
    assert_int_equal(err.status, DSQL_ERR_CREDENTIALS);
    assert_true(secret_is_empty(&got.access_key_id));
    assert_true(replay_done(&world.replay));
}

static void nothing_set_is_not_configured(void **state)
{
    (void)state;
    source_world_init(&world, NULL, 0);
    setenv(TOKEN, "SECRET", 1);
    setenv(FULL, "  ", 1);
    expect(SOURCE_NOT_CONFIGURED, RELATIVE " (or ..._FULL_URI) is not set");
}

static void relative_uri_wins_and_asks_the_agent_of_ecs(void **state)
{
    (void)state;
    source_world_init(&world, good, 1);
    setenv(RELATIVE, "/v2/credentials/x?a=1", 1);
    setenv(FULL, "https://other.example/", 1);
    expect_good();
    assert_int_equal(world.replay.last_reach, HTTP_LOCAL);
    assert_string_equal(world.replay.last_address, "");
}

static void relative_uri_must_be_a_path(void **state)
{
    (void)state;
    const char *const bad[] = {"v2", "@evil.example/", ".evil.example/", ":80/", "/a b", "/a#b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        source_world_init(&world, NULL, 0);
        setenv(RELATIVE, bad[i], 1);
        expect(SOURCE_FAILED, RELATIVE " must be a path");
    }
}

/* The host must be asked, at those addresses ("": wherever it is). */
static void expect_allowed(const char *url, const char *pinned)
{
    static const struct replay_name names[] = {
        {"localhost", "::1"},
        {"localhost", "127.0.0.1"},
        {"Agent.local.", "127.3.2.1"},
    };
    const struct replay_exchange exchange = {
        .method = "GET", .url = url, .status = 200, .answer = GOOD_ANSWER};
    source_world_init(&world, &exchange, 1);
    world.replay.names = names;
    world.replay.name_count = 3;
    setenv(FULL, url, 1);
    expect_good();
    assert_int_equal(world.replay.last_reach, HTTP_LOCAL);
    assert_string_equal(world.replay.last_address, pinned);
}

static void hosts_of_this_machine_and_of_agents_are_allowed(void **state)
{
    (void)state;
    expect_allowed("http://127.0.0.1/x", "");
    expect_allowed("http://127.255.0.9:81/x", "");
    expect_allowed("http://[::1]:81/x", "");
    expect_allowed("http://[0:0::0:1]/x", "");
    expect_allowed("http://169.254.170.2/x", "");
    expect_allowed("http://169.254.170.23/v1/credentials", "");
    expect_allowed("http://[fd00:ec2::23]/v1/credentials", "");
    expect_allowed("http://[FD00:0EC2:0::23]/v1/credentials", "");
    expect_allowed("http://localhost:8080/x", "::1,127.0.0.1");
    expect_allowed("HTTP://LOCALHOST/x", "::1,127.0.0.1");
    expect_allowed("http://agent.local./x", "127.3.2.1");
    expect_allowed("https://anywhere.example:8443/x", "");
    expect_allowed("https://8.8.8.8/x", "");
}

static void expect_not_asked(const char *url, const char *part)
{
    static const struct replay_name names[] = {
        {"127.0.0.1.evil.com", "6.6.6.6"},   {"half.evil.com", "127.0.0.1"},
        {"half.evil.com", "6.6.6.6"},        {"mapped.evil.com", "::ffff:127.0.0.1"},
        {"agent.evil.com", "169.254.170.2"}, {"zero.evil.com", "0.0.0.0"},
    };
    source_world_init(&world, NULL, 0);
    world.replay.names = names;
    world.replay.name_count = sizeof names / sizeof names[0];
    setenv(FULL, url, 1);
    setenv(TOKEN, "SECRET", 1);
    expect(SOURCE_FAILED, part);
}

static void token_is_sent_to_nobody_else(void **state)
{
    (void)state;
    const char *not_local = "without encryption: it is not this machine. Use https";
    const char *no_agent = "it is neither this machine nor an agent";
    const char *no_url = FULL " must be a URL";
    expect_not_asked("http://127.0.0.1.evil.com/x", not_local);
    expect_not_asked("http://half.evil.com/x", not_local);
    expect_not_asked("http://mapped.evil.com/x", not_local);
    expect_not_asked("http://agent.evil.com/x", not_local);
    expect_not_asked("http://zero.evil.com/x", not_local);
    expect_not_asked("http://unknown.evil.com/x", "\"unknown.evil.com\" has no address");
    expect_not_asked("http://169.254.169.254/x", no_agent);
    expect_not_asked("http://169.254.170.20/x", no_agent);
    expect_not_asked("http://128.0.0.1/x", no_agent);
    expect_not_asked("http://0.0.0.0/x", no_agent);
    expect_not_asked("http://[::]/x", no_agent);
    expect_not_asked("http://[::ffff:127.0.0.1]/x", no_agent);
    expect_not_asked("http://[::ffff:169.254.170.2]/x", no_agent);
    expect_not_asked("http://[fd00:ec2::254]/x", no_agent);
    expect_not_asked("http://2130706433/x", no_url);
    expect_not_asked("http://0x7f.0.0.1/x", no_url);
    expect_not_asked("http://0177.0.0.1/x", no_url);
    expect_not_asked("http://127.1/x", no_url);
    expect_not_asked("http://localhost@evil.com/x", no_url);
    expect_not_asked("http://localhost:80@evil.com/x", no_url);
    expect_not_asked("http://evil.com#@localhost/x", no_url);
    expect_not_asked("http://evil.com\\@localhost/x", no_url);
    expect_not_asked("ftp://localhost/x", no_url);
    expect_not_asked("/credentials", no_url);
    expect_not_asked("http://localhost/SECRET path", no_url);
}

static void expect_token(const char *header)
{
    const struct replay_exchange exchange = {.method = "GET",
                                             .url = "http://169.254.170.23/v1/credentials",
                                             .headers = header,
                                             .status = 200,
                                             .answer = GOOD_ANSWER};
    static const struct source_file files[] = {{"/token", "from file== \r\n"}};
    world.files = files;
    world.file_count = 1;
    replay_init(&world.replay, &exchange, 1);
    setenv(FULL, "http://169.254.170.23/v1/credentials", 1);
    expect_good();
}

static void token_is_sent_as_it_is_and_the_file_wins(void **state)
{
    (void)state;
    source_world_init(&world, NULL, 0);
    setenv(TOKEN, "Basic abc \t", 1);
    expect_token("authorization: Basic abc");
    setenv(TOKEN_FILE, "/token", 1);
    expect_token("authorization: from file==");
}

static void token_file_is_read_anew_each_time(void **state)
{
    (void)state;
    static const struct source_file first[] = {{"/token", "first"}};
    static const struct source_file second[] = {{"/token", "second"}};
    static const struct replay_exchange exchanges[] = {
        {.method = "GET",
         .url = ECS_URL,
         .headers = "authorization: first",
         .status = 200,
         .answer = GOOD_ANSWER},
        {.method = "GET",
         .url = ECS_URL,
         .headers = "authorization: second",
         .status = 200,
         .answer = GOOD_ANSWER},
    };
    struct dsql_credentials got = {0};
    source_world_init(&world, exchanges, 2);
    setenv(RELATIVE, "/v2/credentials/x?a=1", 1);
    setenv(TOKEN_FILE, "/token", 1);
    world.files = first;
    world.file_count = 1;
    assert_int_equal(fetch(&got), SOURCE_GOT);
    credentials_clear(&got);
    world.files = second;
    expect_good();
}

static void expect_bad_token(const char *content, const char *part)
{
    const struct source_file file = {"/token", content};
    source_world_init(&world, NULL, 0);
    setenv(RELATIVE, "/x", 1);
    setenv(TOKEN_FILE, "/token", 1);
    setenv(TOKEN, "SECRET", 1);
    world.files = &file;
    world.file_count = content == NULL ? 0 : 1;
    expect(SOURCE_FAILED, part);
}

static void tokens_that_cannot_be_sent_are_refused(void **state)
{
    (void)state;
    static char endless[70000];
    memset(endless, 'x', sizeof endless - 1);
    expect_bad_token(NULL, "could not read the token file (" TOKEN_FILE
                           ") /token: No such file or directory");
    expect_bad_token("SECRET\r\nhost: evil", "contains a line break");
    expect_bad_token("SECRET\nx", "contains a line break");
    expect_bad_token("SECRET\rx", "contains a line break");
    expect_bad_token("SECRET\x01", "control character");
    expect_bad_token(" \n", "names is empty");
    expect_bad_token(endless, "could not read the token file (" TOKEN_FILE ") /token");
    source_world_init(&world, NULL, 0);
    setenv(RELATIVE, "/x", 1);
    setenv(TOKEN, endless, 1);
    expect(SOURCE_FAILED, "the token (" TOKEN ") is longer than 65536 bytes");
    source_world_init(&world, NULL, 0);
    setenv(RELATIVE, "/x", 1);
    setenv(TOKEN, "SECRET\r\nhost: evil", 1);
    expect(SOURCE_FAILED, "the token (" TOKEN ") contains a line break");
}

/* ---- Answers ---- */

#define ASKED .method = "GET", .url = ECS_URL

static void start(const struct replay_exchange *exchanges, size_t count)
{
    source_world_init(&world, exchanges, count);
    setenv(RELATIVE, "/v2/credentials/x?a=1", 1);
}

static void agent_that_is_busy_is_asked_again(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        {ASKED, .status = 500},
        {ASKED, .status = 200, .answer = "starting"},
        {ASKED, .status = 200, .answer = GOOD_ANSWER},
    };
    start(exchanges, 3);
    expect_good();
}

static void agent_that_is_silent_is_asked_three_times(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        {ASKED, .failure = DSQL_ERR_TIMEOUT},
        {ASKED, .failure = DSQL_ERR_CONNECT},
        {ASKED, .failure = DSQL_ERR_TIMEOUT},
    };
    start(exchanges, 3);
    expect(SOURCE_FAILED, "could not reach the container's agent: no answer (recorded)");
}

static void refusal_is_final_and_its_code_is_told(void **state)
{
    (void)state;
    static const struct replay_exchange refused[] = {
        {ASKED, .status = 403,
         .answer = "{\"code\":\"AccessDenied\",\"message\":\"no SECRET here\"}"},
    };
    static const struct replay_exchange odd[] = {
        {ASKED, .status = 400, .answer = "{\"code\":\"no SECRET here\"}"},
    };
    static const struct replay_exchange moved[] = {{ASKED, .status = 302}};
    start(refused, 1);
    expect(SOURCE_FAILED, "the container's agent returned status 403: AccessDenied");
    start(odd, 1);
    expect(SOURCE_FAILED, "returned status 400");
    start(moved, 1);
    expect(SOURCE_FAILED, "returned status 302");
}

static void agent_that_quotes_the_token_is_not_quoted(void **state)
{
    (void)state;
    static const struct replay_exchange exchanges[] = {
        {ASKED, .status = 403, .answer = "{\"code\":\"SECRET16LETTERS\"}"},
        {ASKED, .status = 200, .answer = "{\"code\":\"SECRET16LETTERS\"}"},
    };
    for (size_t i = 0; i < 2; i++) {
        start(&exchanges[i], 1);
        setenv(TOKEN, "SECRET16LETTERS", 1);
        expect(SOURCE_FAILED, i == 0 ? "returned status 403" : "it gave no reason");
        assert_null(strstr(err.message, "SECRET"));
    }
}

static void expect_bad_answer(const char *answer, const char *part)
{
    const struct replay_exchange exchange = {ASKED, .status = 200, .answer = answer};
    start(&exchange, 1);
    expect(SOURCE_FAILED, part);
}

static void answers_that_lack_something_are_refused(void **state)
{
    (void)state;
    expect_bad_answer("{}", "sent a response without AccessKeyId");
    expect_bad_answer("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":1}", "without SecretAccessKey");
    expect_bad_answer("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"SECRET\"}", "without Token");
    expect_bad_answer("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"SECRET\",\"Token\":\"t\"}",
                      "without Expiration");
    expect_bad_answer("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"SECRET\",\"Token\":\"t\","
                      "\"Expiration\":\"soon\"}",
                      "an invalid Expiration");
    expect_bad_answer("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"SEC RET\\n.\",\"Token\":\"t\","
                      "\"Expiration\":\"2024-08-27T00:00:00Z\"}",
                      "an AWS key (the container's agent)");
    expect_bad_answer("{\"Code\":\"AssumeRoleUnauthorizedAccess\"}", "trust policy");
    expect_bad_answer("{\"code\":\"Failed\"}", "has no credentials at the moment: Failed");
}

static void names_of_fields_may_be_in_any_case(void **state)
{
    (void)state;
    static const struct replay_exchange exchange = {
        ASKED, .status = 200,
        .answer = "{\"accesskeyid\":\"ASIAGOOD\",\"SECRETACCESSKEY\":\"goodsecret\",\"code\":"
                  "\"SUCCESS\",\"tOKEN\":\"goodtoken\",\"expiration\":\"2024-08-27T00:00:00Z\"}"};
    start(&exchange, 1);
    expect_good();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_set_is_not_configured),
        cmocka_unit_test(relative_uri_wins_and_asks_the_agent_of_ecs),
        cmocka_unit_test(relative_uri_must_be_a_path),
        cmocka_unit_test(hosts_of_this_machine_and_of_agents_are_allowed),
        cmocka_unit_test(token_is_sent_to_nobody_else),
        cmocka_unit_test(token_is_sent_as_it_is_and_the_file_wins),
        cmocka_unit_test(token_file_is_read_anew_each_time),
        cmocka_unit_test(tokens_that_cannot_be_sent_are_refused),
        cmocka_unit_test(agent_that_is_busy_is_asked_again),
        cmocka_unit_test(agent_that_is_silent_is_asked_three_times),
        cmocka_unit_test(refusal_is_final_and_its_code_is_told),
        cmocka_unit_test(agent_that_quotes_the_token_is_not_quoted),
        cmocka_unit_test(answers_that_lack_something_are_refused),
        cmocka_unit_test(names_of_fields_may_be_in_any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
