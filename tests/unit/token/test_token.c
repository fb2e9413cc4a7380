/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "token/make.h"
#include "token/token.h"
#include "unit.h"
#include "vectors.h"

#include <stdio.h>
#include <string.h>

enum { VECTOR_COUNT = sizeof token_vectors / sizeof token_vectors[0] };

struct fixture {
    struct endpoint endpoint;
    struct dsql_credentials credentials;
    struct token_request request;
};

static void set_up(struct fixture *fixture, const struct token_vector *vector)
{
    *fixture = (struct fixture){0};
    assert_true(
        text_copy(text_of(vector->host), fixture->endpoint.host, sizeof fixture->endpoint.host));
    assert_true(
        text_copy(text_of("us-east-1"), fixture->endpoint.region, sizeof fixture->endpoint.region));
    assert_int_equal(dsql_credentials_set(&fixture->credentials, vector->access_key_id,
                                          vector->secret_access_key, vector->session_token, 0),
                     DSQL_OK);
    fixture->request.endpoint = &fixture->endpoint;
    fixture->request.seconds = vector->seconds;
    fixture->request.action =
        strcmp(vector->action, "DbConnectAdmin") == 0 ? TOKEN_CONNECT_ADMIN : TOKEN_CONNECT;
    assert_true(clock_parse_basic(text_of(vector->time), &fixture->request.now));
}

static void tear_down(struct fixture *fixture)
{
    credentials_clear(&fixture->credentials);
}

static void check_steps(const struct token_vector *vector, const struct fixture *fixture)
{
    struct sigv4_presign presign;
    struct buf query AUTO_BUF;
    struct buf canonical AUTO_BUF;
    struct buf string_to_sign AUTO_BUF;
    buf_init(&query, SIGV4_MAX_TEXT);
    buf_init(&canonical, SIGV4_MAX_TEXT);
    buf_init(&string_to_sign, 1024);
    assert_true(token_presign_init(&presign, fixture->request.action, fixture->request.now));
    presign.host = vector->host;
    presign.access_key_id = vector->access_key_id;
    presign.session_token = vector->session_token[0] == '\0' ? NULL : vector->session_token;
    presign.scope.region = "us-east-1";
    presign.expires_s = vector->seconds;
    assert_true(sigv4_presign_query(&presign, &query));
    assert_true(sigv4_presign_canonical_request(&presign, buf_text(&query), &canonical));
    assert_string_equal(canonical.data, vector->canonical_request);
    assert_true(sigv4_string_to_sign(&presign.scope, buf_text(&canonical), &string_to_sign));
    assert_string_equal(string_to_sign.data, vector->string_to_sign);
}

static void check_token(const struct token_vector *vector, const struct fixture *fixture)
{
    char *token = NULL;
    char end[128];
    char start[128];
    int64_t expires_at = 0;
    snprintf(start, sizeof start, "%s/?Action=%s&X-Amz-Algorithm=", vector->host, vector->action);
    snprintf(end, sizeof end, "&X-Amz-SignedHeaders=host&X-Amz-Signature=%s", vector->signature);
    assert_int_equal(
        token_make(&fixture->request, &fixture->credentials, &token, &expires_at, NULL), DSQL_OK);
    assert_true(text_starts_with(text_of(token), start));
    assert_true(text_ends_with(text_of(token), end));
    assert_int_equal(expires_at, fixture->request.now + vector->seconds);
    secret_free_string(token);
}

static void every_step_and_signature_is_as_aws_published(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        struct fixture fixture;
        print_message("vector %s\n", token_vectors[i].name);
        set_up(&fixture, &token_vectors[i]);
        check_steps(&token_vectors[i], &fixture);
        check_token(&token_vectors[i], &fixture);
        tear_down(&fixture);
    }
}

static void there_are_ten_published_vectors(void **state)
{
    (void)state;
    assert_int_equal(VECTOR_COUNT, 10);
}

static void token_is_the_url_without_its_scheme(void **state)
{
    (void)state;
    struct fixture fixture;
    char *token = NULL;
    set_up(&fixture, &token_vectors[0]);
    assert_int_equal(token_make(&fixture.request, &fixture.credentials, &token, NULL, NULL),
                     DSQL_OK);
    assert_string_equal(token, "peccy.dsql.us-east-1.on.aws/?Action=DbConnect"
                               "&X-Amz-Algorithm=AWS4-HMAC-SHA256"
                               "&X-Amz-Credential=akid%2F20240827%2Fus-east-1%2Fdsql%2Faws4_request"
                               "&X-Amz-Date=20240827T000000Z&X-Amz-Expires=450"
                               "&X-Amz-SignedHeaders=host&X-Amz-Signature="
                               "f5f2ad764ca5df44045d4ab6ccecba0eef941b0007e5765885a0b6ed3702a3f8");
    secret_free_string(token);
    tear_down(&fixture);
}

static void token_ends_with_the_credentials_that_signed_it(void **state)
{
    (void)state;
    struct fixture fixture;
    char *token = NULL;
    int64_t expires_at = 0;
    set_up(&fixture, &token_vectors[2]);
    fixture.credentials.expires_at = fixture.request.now + 100;
    assert_int_equal(token_make(&fixture.request, &fixture.credentials, &token, &expires_at, NULL),
                     DSQL_OK);
    assert_true(text_contains(text_of(token), "&X-Amz-Expires=100&"));
    assert_int_equal(expires_at, fixture.request.now + 100);
    secret_free_string(token);
    tear_down(&fixture);
}

static void credentials_that_last_longer_do_not_lengthen_the_token(void **state)
{
    (void)state;
    struct fixture fixture;
    char *token = NULL;
    int64_t expires_at = 0;
    set_up(&fixture, &token_vectors[2]);
    fixture.credentials.expires_at = fixture.request.now + 100000;
    assert_int_equal(token_make(&fixture.request, &fixture.credentials, &token, &expires_at, NULL),
                     DSQL_OK);
    assert_int_equal(expires_at, fixture.request.now + 450);
    secret_free_string(token);
    tear_down(&fixture);
}

static void expect_failure(const struct fixture *fixture, dsql_status status, const char *message)
{
    char *token = NULL;
    int64_t expires_at = 7;
    dsql_error err = {0};
    assert_int_equal(
        token_make(&fixture->request, &fixture->credentials, &token, &expires_at, &err), status);
    assert_int_equal(err.status, status);
    assert_string_equal(err.message, message);
    assert_null(token);
    assert_int_equal(expires_at, 7);
}

static void expired_credentials_sign_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture, &token_vectors[2]);
    fixture.credentials.expires_at = fixture.request.now;
    expect_failure(&fixture, DSQL_ERR_CREDENTIALS, "the AWS credentials have expired");
    tear_down(&fixture);
}

static void empty_credentials_sign_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture, &token_vectors[2]);
    credentials_clear(&fixture.credentials);
    expect_failure(&fixture, DSQL_ERR_CREDENTIALS, "the AWS credentials have no access key");
}

static void life_of_zero_or_over_a_week_is_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture, &token_vectors[2]);
    fixture.request.seconds = 0;
    expect_failure(&fixture, DSQL_ERR_USAGE, "token_seconds is 0; it must be from 1 to 604800");
    fixture.request.seconds = 604801;
    expect_failure(&fixture, DSQL_ERR_USAGE,
                   "token_seconds is 604801; it must be from 1 to 604800");
    tear_down(&fixture);
}

static void session_token_that_does_not_fit_is_refused_by_its_length(void **state)
{
    (void)state;
    static char huge[60001];
    struct fixture fixture;
    set_up(&fixture, &token_vectors[2]);
    for (size_t i = 0; i < sizeof huge - 1; i++) {
        huge[i] = '/';
    }
    assert_true(secret_set_string(&fixture.credentials.session_token, huge));
    expect_failure(&fixture, DSQL_ERR_TOKEN, "the session token of 60000 bytes is too long");
    tear_down(&fixture);
}

static void year_that_cannot_be_written_is_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture, &token_vectors[0]);
    fixture.request.now = -1;
    expect_failure(&fixture, DSQL_ERR_TOKEN, "the system clock shows a year that cannot be signed");
    tear_down(&fixture);
}

static void only_exactly_admin_logs_in_as_administrator(void **state)
{
    (void)state;
    assert_int_equal(token_action_for_user("admin"), TOKEN_CONNECT_ADMIN);
    assert_int_equal(token_action_for_user("Admin"), TOKEN_CONNECT);
    assert_int_equal(token_action_for_user("admin "), TOKEN_CONNECT);
    assert_int_equal(token_action_for_user(""), TOKEN_CONNECT);
    assert_string_equal(token_action_name(TOKEN_CONNECT), "DbConnect");
    assert_string_equal(token_action_name(TOKEN_CONNECT_ADMIN), "DbConnectAdmin");
}

static int64_t fixed_wall_s(void *arg)
{
    (void)arg;
    return 1724716800; /* 20240827T000000Z */
}

static int64_t fixed_monotonic_ms(void *arg)
{
    (void)arg;
    return 0;
}

static const struct clock fixed_clock = {.wall_s = fixed_wall_s,
                                         .monotonic_ms = fixed_monotonic_ms};

static void settings_give_the_token_of_their_host_user_and_credentials(void **state)
{
    (void)state;
    struct settings settings = {.endpoint = {.region = "us-east-1"}, .token_seconds = 450};
    char *token = NULL;
    assert_true(text_copy(text_of(token_vectors[3].host), settings.endpoint.host,
                          sizeof settings.endpoint.host));
    assert_true(text_copy(text_of("admin"), settings.user, sizeof settings.user));
    settings.credentials = dsql_credentials_static("akid", "secret", "token", NULL);
    assert_int_equal(token_for_settings(&settings, &fixed_clock, -1, &token, NULL, NULL), DSQL_OK);
    assert_true(text_ends_with(text_of(token), token_vectors[3].signature));
    secret_free_string(token);
    dsql_credentials_unref(settings.credentials);
}

static void public_token_is_for_the_options_and_says_when_it_ends(void **state)
{
    (void)state;
    int64_t expires_at = 0;
    int64_t now = clock_wall_s(clock_system());
    dsql_credentials_provider *keys = dsql_credentials_static("akid", "secret", NULL, NULL);
    char *token =
        dsql_token(DSQL_OPTIONS(.host = "abcdefghijklmnopqrstuvwxyz", .user = "app",
                                .region = "eu-west-1", .credentials = keys, .token_seconds = 60),
                   &expires_at, NULL);
    assert_true(text_starts_with(
        text_of(token), "abcdefghijklmnopqrstuvwxyz.dsql.eu-west-1.on.aws/?Action=DbConnect&"));
    assert_in_range(expires_at, now + 60, now + 65);
    dsql_token_free(token);
    dsql_token_free(NULL);
    dsql_credentials_unref(keys);
}

static dsql_status refuse_to_fetch(void *arg, dsql_credentials *out, dsql_error *err)
{
    (void)arg;
    (void)out;
    (void)err;
    return DSQL_ERR_CALLBACK;
}

static void public_token_passes_failures_on(void **state)
{
    (void)state;
    dsql_error err = {0};
    assert_null(dsql_token(NULL, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_USAGE);
    dsql_credentials_provider *broken = dsql_credentials_custom(refuse_to_fetch, NULL, NULL, NULL);
    assert_null(dsql_token(DSQL_OPTIONS(.host = "abcdefghijklmnopqrstuvwxyz", .region = "eu-west-1",
                                        .credentials = broken),
                           NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_CALLBACK);
    dsql_credentials_unref(broken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_are_ten_published_vectors),
        cmocka_unit_test(every_step_and_signature_is_as_aws_published),
        cmocka_unit_test(token_is_the_url_without_its_scheme),
        cmocka_unit_test(token_ends_with_the_credentials_that_signed_it),
        cmocka_unit_test(credentials_that_last_longer_do_not_lengthen_the_token),
        cmocka_unit_test(expired_credentials_sign_nothing),
        cmocka_unit_test(empty_credentials_sign_nothing),
        cmocka_unit_test(life_of_zero_or_over_a_week_is_refused),
        cmocka_unit_test(session_token_that_does_not_fit_is_refused_by_its_length),
        cmocka_unit_test(year_that_cannot_be_written_is_refused),
        cmocka_unit_test(only_exactly_admin_logs_in_as_administrator),
        cmocka_unit_test(settings_give_the_token_of_their_host_user_and_credentials),
        cmocka_unit_test(public_token_is_for_the_options_and_says_when_it_ends),
        cmocka_unit_test(public_token_passes_failures_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
