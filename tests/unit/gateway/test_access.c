/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The names of a cluster.  What else a token needs is tested with a gateway, in test_gateway.c. */
#include "gateway/access.h"
#include "token/token.h"
#include "unit.h"

#include <string.h>

#define ENDPOINT "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws"

enum { NOW = 1700000000 };

static bool find_identity(void *arg, struct text access_key_id, struct gateway_identity *out)
{
    (void)arg;
    (void)access_key_id;
    *out = (struct gateway_identity){.arn = "arn", .may_connect_admin = true};
    return secret_set_string(&out->secret_access_key, "secret");
}

static const char *const other_names[] = {"dsql-local", "db.example", NULL};
static const struct gateway_options with_names = {.endpoint = ENDPOINT,
                                                  .region = "us-east-1",
                                                  .other_names = other_names,
                                                  .find_identity = find_identity};
static const struct gateway_options without_names = {
    .endpoint = ENDPOINT, .region = "us-east-1", .find_identity = find_identity};

static bool accepts_name(const struct gateway_options *options, const char *name)
{
    struct fatal_error error = {0};
    return access_check_server_name(options, text_of(name), &error);
}

static void a_server_name_must_be_one_of_the_cluster(void **state)
{
    (void)state;
    assert_true(accepts_name(&with_names, ENDPOINT));
    assert_true(accepts_name(&with_names, "localhost"));
    assert_true(accepts_name(&with_names, "DSQL-Local"));
    assert_true(accepts_name(&with_names, "db.example"));
    assert_false(accepts_name(&with_names, "db.example.org"));
    assert_false(accepts_name(&with_names, ""));
    assert_false(accepts_name(&without_names, "dsql-local"));
}

static bool accepts_token_for(const struct gateway_options *options, const char *host)
{
    struct endpoint endpoint = {.region = "us-east-1"};
    struct dsql_credentials credentials = {0};
    struct fatal_error error = {0};
    char arn[GATEWAY_IDENTITY_ARN_SIZE];
    char *token = NULL;
    text_copy(text_of(host), endpoint.host, sizeof endpoint.host);
    assert_true(secret_set_string(&credentials.access_key_id, "AKID"));
    assert_true(secret_set_string(&credentials.secret_access_key, "secret"));
    const struct token_request request = {
        .endpoint = &endpoint, .action = TOKEN_CONNECT_ADMIN, .seconds = 900, .now = NOW};
    assert_int_equal(token_make(&request, &credentials, &token, NULL, NULL), DSQL_OK);
    bool is_in = access_check_token(options, "admin", text_of(token), NOW, arn, &error);
    secret_free_string(token);
    credentials_clear(&credentials);
    return is_in;
}

static void a_token_must_be_for_a_name_of_the_cluster(void **state)
{
    (void)state;
    assert_true(accepts_token_for(&with_names, ENDPOINT));
    assert_true(accepts_token_for(&with_names, "dsql-local"));
    assert_false(accepts_token_for(&with_names, "localhost"));
    assert_false(accepts_token_for(&with_names, "other.example"));
    assert_false(accepts_token_for(&without_names, "dsql-local"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_name_must_be_one_of_the_cluster),
        cmocka_unit_test(a_token_must_be_for_a_name_of_the_cluster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
