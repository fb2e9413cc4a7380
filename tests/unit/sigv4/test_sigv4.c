/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Every step on its own; whole tokens are compared with AWS's in token/test_token.c. */
#include "sigv4/sigv4.h"
#include "unit.h"

static const struct sigv4_scope example_scope = {
    .time = "20150830T123600Z",
    .region = "us-east-1",
    .service = "iam",
};

static void sha256_of_nothing_is_the_known_one(void **state)
{
    (void)state;
    char hex[SIGV4_HEX_SIZE];
    assert_true(sigv4_sha256_hex(text_of(""), hex));
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* The key that the AWS General Reference derived for 2015-08-30, us-east-1, iam. */
static void signing_key_is_that_of_the_aws_example(void **state)
{
    (void)state;
    struct secret secret = {0};
    unsigned char key[SIGV4_KEY_SIZE];
    char hex[SIGV4_HEX_SIZE];
    assert_true(secret_set_string(&secret, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"));
    struct sha256 hash AUTO_SHA256 = {0};
    assert_true(sha256_init(&hash) && sigv4_signing_key(&hash, &secret, &example_scope, key));
    text_hex(key, sizeof key, hex);
    assert_string_equal(hex, "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
    secret_clear(&secret);
}

/* The GET of ListUsers from the same page: three signed headers, none of them for presigning. */
static void header_signed_request_has_the_signature_of_the_aws_example(void **state)
{
    (void)state;
    const struct sigv4_param headers[] = {
        {"content-type", "application/x-www-form-urlencoded; charset=utf-8"},
        {"host", "iam.amazonaws.com"},
        {"x-amz-date", "20150830T123600Z"},
    };
    const struct sigv4_request request = {
        .method = "GET",
        .path = "/",
        .query = text_of("Action=ListUsers&Version=2010-05-08"),
        .headers = headers,
        .header_count = 3,
        .payload = text_of(""),
    };
    struct secret secret = {0};
    char signature[SIGV4_HEX_SIZE];
    assert_true(secret_set_string(&secret, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"));
    assert_true(sigv4_sign(&request, &example_scope, &secret, signature));
    assert_string_equal(signature,
                        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    secret_clear(&secret);
}

static void query_is_ordered_by_name_and_encoded(void **state)
{
    (void)state;
    const struct sigv4_param params[] = {
        {"b", "a/b c+d"}, {"X-Amz-Date", "~._-"}, {"a-", "3"}, {"a", "="}, {"Action", ""}};
    struct buf out AUTO_BUF;
    buf_init(&out, 1024);
    assert_true(sigv4_canonical_query(params, 5, &out));
    assert_string_equal(out.data, "Action=&X-Amz-Date=~._-&a=%3D&a-=3&b=a%2Fb%20c%2Bd");
}

static void query_refuses_too_many_parameters(void **state)
{
    (void)state;
    struct sigv4_param params[SIGV4_MAX_PARAMS + 1];
    struct buf out AUTO_BUF;
    buf_init(&out, 1024);
    for (size_t i = 0; i <= SIGV4_MAX_PARAMS; i++) {
        params[i] = (struct sigv4_param){"a", "b"};
    }
    assert_false(sigv4_canonical_query(params, SIGV4_MAX_PARAMS + 1, &out));
}

static void query_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    const struct sigv4_param param = {"name", "value"};
    struct buf out AUTO_BUF;
    buf_init(&out, 9);
    assert_false(sigv4_canonical_query(&param, 1, &out));
}

static void signed_headers_are_joined_by_semicolons(void **state)
{
    (void)state;
    const struct sigv4_param headers[] = {{"host", "h"}, {"x-amz-date", "d"}};
    const struct sigv4_request request = {.headers = headers, .header_count = 2};
    struct buf out AUTO_BUF;
    buf_init(&out, 64);
    sigv4_signed_headers(&request, &out);
    assert_string_equal(out.data, "host;x-amz-date");
}

static void string_to_sign_names_time_and_scope(void **state)
{
    (void)state;
    struct buf out AUTO_BUF;
    buf_init(&out, 1024);
    assert_true(sigv4_string_to_sign(&example_scope, text_of(""), &out));
    assert_string_equal(out.data,
                        "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n"
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_nothing_is_the_known_one),
        cmocka_unit_test(signing_key_is_that_of_the_aws_example),
        cmocka_unit_test(header_signed_request_has_the_signature_of_the_aws_example),
        cmocka_unit_test(query_is_ordered_by_name_and_encoded),
        cmocka_unit_test(query_refuses_too_many_parameters),
        cmocka_unit_test(query_that_does_not_fit_is_refused),
        cmocka_unit_test(signed_headers_are_joined_by_semicolons),
        cmocka_unit_test(string_to_sign_names_time_and_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
