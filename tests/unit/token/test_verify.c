/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The good token passes; then each thing that can be changed in it is refused. */
#include "base/buf.h"
#include "token/verify.h"
#include "unit.h"
#include "vectors.h"

#include <string.h>

#define HOST       "peccy.dsql.us-east-1.on.aws"
#define CREDENTIAL "akid%2F20240827%2Fus-east-1%2Fdsql%2Faws4_request"
#define SIGNATURE  "9fdb9de7ca6822832943d5a4e1b02411d302a2b8204bd7e8193aa4875fbd5a58"
#define GOOD                                                                                       \
    HOST "/?Action=DbConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" CREDENTIAL        \
         "&X-Amz-Date=20240827T000000Z&X-Amz-Expires=450&X-Amz-Security-Token=token"               \
         "&X-Amz-SignedHeaders=host&X-Amz-Signature=" SIGNATURE

/* GOOD with the first occurrence of one text replaced by another. */
static char *replaced(const char *from, const char *to)
{
    struct buf out AUTO_BUF;
    buf_init(&out, 1 << 21);
    const char *found = strstr(GOOD, from);
    assert_non_null(found);
    size_t before = strlen(GOOD) - strlen(found);
    buf_add_text(&out, text_slice(text_of(GOOD), 0, before));
    buf_add_string(&out, to);
    buf_add_text(&out, text_slice(text_of(GOOD), before + strlen(from), SIZE_MAX));
    char *token = buf_take(&out);
    assert_non_null(token);
    return token;
}

static bool is_signed_by(const struct token_claims *claims, const char *key)
{
    struct secret secret = {0};
    assert_true(secret_set_string(&secret, key));
    bool is_signed = token_claims_signed_by(claims, &secret);
    secret_clear(&secret);
    return is_signed;
}

static void expect_accepted(const char *token)
{
    struct token_claims claims;
    const char *why = NULL;
    assert_true(token_claims_parse(text_of(token), &claims, &why));
    assert_null(why);
    assert_true(is_signed_by(&claims, "secret"));
    token_claims_clear(&claims);
}

static void expect_refused(struct text token, const char *reason)
{
    struct token_claims claims;
    const char *why = NULL;
    assert_false(token_claims_parse(token, &claims, &why));
    assert_string_equal(why, reason);
    assert_null(claims.host);
}

static void refused_when(const char *from, const char *to, const char *reason)
{
    char *token = replaced(from, to);
    expect_refused(text_of(token), reason);
    secret_free_string(token);
}

/* Well formed, but no longer what was signed. */
static void forged_when(const char *from, const char *to)
{
    char *token = replaced(from, to);
    struct token_claims claims;
    assert_true(token_claims_parse(text_of(token), &claims, NULL));
    assert_false(is_signed_by(&claims, "secret"));
    token_claims_clear(&claims);
    secret_free_string(token);
}

static void accepted_when(const char *from, const char *to)
{
    char *token = replaced(from, to);
    expect_accepted(token);
    secret_free_string(token);
}

static void good_token_says_what_it_was_made_for(void **state)
{
    (void)state;
    struct token_claims claims;
    assert_true(token_claims_parse(text_of(GOOD), &claims, NULL));
    assert_int_equal(claims.action, TOKEN_CONNECT);
    assert_string_equal(claims.host, HOST);
    assert_string_equal(claims.access_key_id, "akid");
    assert_string_equal(claims.region, "us-east-1");
    assert_string_equal(claims.session_token, "token");
    assert_string_equal(claims.scope_date, "20240827");
    assert_string_equal(claims.signature, SIGNATURE);
    assert_int_equal(claims.signed_at, 1724716800);
    assert_int_equal(claims.expires_at, 1724716800 + 450);
    assert_true(is_signed_by(&claims, "secret"));
    token_claims_clear(&claims);
}

static void check_round_trip(const struct token_vector *vector)
{
    struct endpoint endpoint = {.region = "us-east-1"};
    struct dsql_credentials credentials = {0};
    struct token_request request = {.endpoint = &endpoint, .seconds = vector->seconds};
    struct token_claims claims;
    char *token = NULL;
    assert_true(text_copy(text_of(vector->host), endpoint.host, sizeof endpoint.host));
    assert_true(clock_parse_basic(text_of(vector->time), &request.now));
    request.action =
        strcmp(vector->action, "DbConnectAdmin") == 0 ? TOKEN_CONNECT_ADMIN : TOKEN_CONNECT;
    assert_int_equal(dsql_credentials_set(&credentials, vector->access_key_id,
                                          vector->secret_access_key, vector->session_token, 0),
                     DSQL_OK);
    assert_int_equal(token_make(&request, &credentials, &token, NULL, NULL), DSQL_OK);
    assert_true(token_claims_parse(text_of(token), &claims, NULL));
    assert_int_equal(claims.action, request.action);
    assert_string_equal(claims.signature, vector->signature);
    assert_true(token_claims_signed_by(&claims, &credentials.secret_access_key));
    token_claims_clear(&claims);
    secret_free_string(token);
    credentials_clear(&credentials);
}

static void every_token_that_is_made_is_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof token_vectors / sizeof token_vectors[0]; i++) {
        check_round_trip(&token_vectors[i]);
    }
}

static void order_of_parameters_and_encoding_do_not_matter(void **state)
{
    (void)state;
    expect_accepted(HOST "/?X-Amz-Signature=" SIGNATURE
                         "&X-Amz-Security-Token=token&X-Amz-Expires=450"
                         "&X-Amz-SignedHeaders=host&X-Amz-Date=20240827T000000Z"
                         "&X-Amz-Credential=akid/20240827/us-east-1/dsql/aws4_request"
                         "&X-Amz-Algorithm=AWS4-HMAC-SHA256&Action=DbConnect");
    accepted_when("/?", "?");
    accepted_when(CREDENTIAL, "akid%2f20240827%2fus-east-1%2fdsql%2faws4_request");
}

static void host_in_capitals_may_have_been_signed_in_lower_case(void **state)
{
    (void)state;
    accepted_when("peccy", "PECCY");
}

static void another_host_is_refused(void **state)
{
    (void)state;
    forged_when("peccy", "pecky");
    forged_when("us-east-1.on", "us-west-2.on");
}

static void another_region_is_refused(void **state)
{
    (void)state;
    forged_when("%2Fus-east-1%2F", "%2Fus-west-2%2F");
    refused_when("%2Fus-east-1%2F", "%2FUS-EAST-1%2F", "its region is not valid");
    refused_when("%2Fus-east-1%2F", "%2F%2F", "its region is not valid");
}

static void another_action_is_refused(void **state)
{
    (void)state;
    forged_when("DbConnect", "DbConnectAdmin");
    const char *why = "its action is neither DbConnect nor DbConnectAdmin";
    refused_when("DbConnect", "dbconnect", why);
    refused_when("DbConnect", "ListClusters", why);
    refused_when("DbConnect", "", why);
}

static void another_service_is_refused(void **state)
{
    (void)state;
    refused_when("dsql%2Faws4", "rds-db%2Faws4", "it was signed for a service other than dsql");
}

static void another_date_is_refused(void **state)
{
    (void)state;
    forged_when("20240827T000000Z", "20240827T000001Z");
    const char *differ = "the dates of its credential and of its signature differ";
    refused_when("20240827T000000Z", "20240828T000000Z", differ);
    refused_when("akid%2F20240827", "akid%2F20240828", differ);
    refused_when("akid%2F20240827", "akid%2F2024082", differ);
    const char *form = "its date is not of the form YYYYMMDDTHHMMSSZ";
    refused_when("20240827T000000Z", "20240231T000000Z", form);
    refused_when("20240827T000000Z", "2024-08-27T00:00:00Z", form);
    refused_when("20240827T000000Z", "", form);
}

static void another_life_is_refused(void **state)
{
    (void)state;
    forged_when("=450", "=604800");
    const char *why = "its lifetime is not between 1 and 604800 seconds";
    refused_when("=450", "=604801", why);
    refused_when("=450", "=0", why);
    refused_when("=450", "=0450", why);
    refused_when("=450", "=-1", why);
    refused_when("=450", "=", why);
    refused_when("=450", "=99999999999999999999", why);
}

static void another_key_is_refused(void **state)
{
    (void)state;
    struct token_claims claims;
    forged_when("akid", "akie");
    forged_when("=token", "=other");
    assert_true(token_claims_parse(text_of(GOOD), &claims, NULL));
    assert_false(is_signed_by(&claims, "Secret"));
    assert_false(is_signed_by(&claims, "secret2"));
    assert_false(is_signed_by(&claims, ""));
    token_claims_clear(&claims);
}

static void every_flipped_bit_of_the_signature_is_refused(void **state)
{
    (void)state;
    char token[] = GOOD;
    size_t start = strlen(GOOD) - strlen(SIGNATURE);
    for (size_t bit = 0; bit < 8 * strlen(SIGNATURE); bit++) {
        struct token_claims claims;
        token[start + bit / 8] = (char)(token[start + bit / 8] ^ (1 << (bit % 8)));
        bool is_parsed = token_claims_parse(text_of_bytes(token, strlen(GOOD)), &claims, NULL);
        assert_false(is_parsed && is_signed_by(&claims, "secret"));
        token_claims_clear(&claims);
        token[start + bit / 8] = GOOD[start + bit / 8];
    }
}

static void every_truncated_token_is_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len < strlen(GOOD); len++) {
        struct token_claims claims;
        assert_false(token_claims_parse(text_slice(text_of(GOOD), 0, len), &claims, NULL));
    }
}

static void every_missing_parameter_is_refused(void **state)
{
    (void)state;
    const char *why = "a parameter is missing";
    refused_when("Action=DbConnect&", "", why);
    refused_when("X-Amz-Algorithm=AWS4-HMAC-SHA256&", "", why);
    refused_when("X-Amz-Credential=" CREDENTIAL "&", "", why);
    refused_when("X-Amz-Date=20240827T000000Z&", "", why);
    refused_when("X-Amz-Expires=450&", "", why);
    refused_when("X-Amz-SignedHeaders=host&", "", why);
    refused_when("&X-Amz-Signature=" SIGNATURE, "", why);
    forged_when("X-Amz-Security-Token=token&", "");
}

static void duplicated_parameter_is_refused(void **state)
{
    (void)state;
    const char *why = "a parameter occurs twice";
    refused_when("Action=DbConnect", "Action=DbConnect&Action=DbConnect", why);
    refused_when("=token", "=token&X-Amz-Security-Token=token", why);
    refused_when("&X-Amz-Signature=", "&Action=DbConnectAdmin&X-Amz-Signature=", why);
}

static void unknown_parameter_is_refused(void **state)
{
    (void)state;
    const char *why = "it has an unknown parameter";
    refused_when("Action=", "Version=1&Action=", why);
    refused_when("Action=", "action=", why);
    refused_when("Action=", "%41ction=", why);
    refused_when("Action=DbConnect", "Action=DbConnect&&", "a parameter has no value");
}

static void other_algorithm_or_headers_are_refused(void **state)
{
    (void)state;
    const char *headers = "its signed headers are not exactly host";
    refused_when("HMAC-SHA256", "ECDSA-P256-SHA256", "its algorithm is not AWS4-HMAC-SHA256");
    refused_when("=host", "=host%3Bx-amz-date", headers);
    refused_when("=host", "=", headers);
}

static void malformed_credential_is_refused(void **state)
{
    (void)state;
    const char *why = "its credential is not of the form KEY/DATE/REGION/dsql/aws4_request";
    refused_when(CREDENTIAL, "", why);
    refused_when(CREDENTIAL, "akid", why);
    refused_when("akid%2F", "%2F", why);
    refused_when("aws4_request", "aws4_request%2F", why);
    refused_when("aws4_request", "aws5_request", why);
}

static void malformed_signature_is_refused(void **state)
{
    (void)state;
    const char *why = "its signature is not 64 lower-case hexadecimal digits";
    refused_when(SIGNATURE, "", why);
    refused_when("9fdb", "9FDB", why);
    refused_when("9fdb", "9fdbb", why);
    refused_when("9fdb", "gfdb", why);
}

static void bad_percent_encoding_is_refused(void **state)
{
    (void)state;
    const char *why = "a parameter is not properly percent-encoded";
    refused_when("=token", "=tok%", why);
    refused_when("=token", "=tok%2", why);
    refused_when("=token", "=tok%zz", why);
    refused_when("=token", "=tok%00en", why);
    refused_when("=token", "=tok%0Aen", why);
    refused_when("=token", "=tok%FFen", why);
}

static void what_is_not_a_token_is_refused(void **state)
{
    (void)state;
    const char *host = "it does not begin with a host name";
    expect_refused(text_of(""), "it is not a token");
    expect_refused(text_of("correct horse"), "it is not a token");
    expect_refused(text_of("hunter2"), "it is not a token");
    expect_refused(text_of_bytes("a/?\0", 4), "it is not a token");
    expect_refused(text_of("?Action=DbConnect"), host);
    expect_refused(text_of("/?Action=DbConnect"), host);
    refused_when("peccy", "https://peccy", host);
    refused_when("peccy", "user@peccy", host);
    refused_when("/?", ":5432/?", host);
    refused_when("/?", "//?", host);
    refused_when("=450", "=450 ", "it is not a token");
}

static void megabyte_is_refused_before_it_is_read(void **state)
{
    (void)state;
    static char megabyte[1 << 20];
    memset(megabyte, 'a', sizeof megabyte);
    expect_refused(text_of_bytes(megabyte, sizeof megabyte), "it is longer than 64 KiB");
    expect_refused(text_of_bytes(megabyte, TOKEN_MAX_SIZE), "it is not a token");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_token_says_what_it_was_made_for),
        cmocka_unit_test(every_token_that_is_made_is_accepted),
        cmocka_unit_test(order_of_parameters_and_encoding_do_not_matter),
        cmocka_unit_test(host_in_capitals_may_have_been_signed_in_lower_case),
        cmocka_unit_test(another_host_is_refused),
        cmocka_unit_test(another_region_is_refused),
        cmocka_unit_test(another_action_is_refused),
        cmocka_unit_test(another_service_is_refused),
        cmocka_unit_test(another_date_is_refused),
        cmocka_unit_test(another_life_is_refused),
        cmocka_unit_test(another_key_is_refused),
        cmocka_unit_test(every_flipped_bit_of_the_signature_is_refused),
        cmocka_unit_test(every_truncated_token_is_refused),
        cmocka_unit_test(every_missing_parameter_is_refused),
        cmocka_unit_test(duplicated_parameter_is_refused),
        cmocka_unit_test(unknown_parameter_is_refused),
        cmocka_unit_test(other_algorithm_or_headers_are_refused),
        cmocka_unit_test(malformed_credential_is_refused),
        cmocka_unit_test(malformed_signature_is_refused),
        cmocka_unit_test(bad_percent_encoding_is_refused),
        cmocka_unit_test(what_is_not_a_token_is_refused),
        cmocka_unit_test(megabyte_is_refused_before_it_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
