/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "config/endpoint.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define ID   "abcdefghijklmnopqrst012345"
#define HOST ID ".dsql.us-east-1.on.aws"

static int clear_environment(void **state)
{
    (void)state;
    unsetenv("AWS_REGION");
    unsetenv("AWS_DEFAULT_REGION");
    return 0;
}

static void expect_host(const char *host, const char *region, const char *want_host,
                        const char *want_region)
{
    struct endpoint endpoint = {0};
    dsql_error err = {0};
    if (endpoint_resolve(host, region, &endpoint, &err) != DSQL_OK) {
        fail_msg("%s: %s", host, err.message);
    }
    assert_string_equal(endpoint.host, want_host);
    assert_string_equal(endpoint.region, want_region);
}

static void expect_failure(const char *host, const char *region, dsql_status status,
                           const char *words)
{
    struct endpoint endpoint = {0};
    dsql_error err = {0};
    assert_int_equal(endpoint_resolve(host, region, &endpoint, &err), status);
    if (strstr(err.message, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.message, words);
    }
    assert_string_equal(endpoint.host, "");
}

static void a_cluster_id_is_26_lower_case_letters_and_digits(void **state)
{
    (void)state;
    assert_true(endpoint_is_cluster_id(text_of(ID)));
    assert_false(endpoint_is_cluster_id(text_of(ID "6")));
    assert_false(endpoint_is_cluster_id(text_of("abcdefghijklmnopqrst01234")));
    assert_false(endpoint_is_cluster_id(text_of("abcdefghijklmnopqrst01234A")));
    assert_false(endpoint_is_cluster_id(text_of("abcdefghijklmnopqrst01234\n")));
    assert_false(endpoint_is_cluster_id(text_of("")));
}

static void the_host_name_tells_the_region(void **state)
{
    (void)state;
    struct text region;
    assert_true(endpoint_region_of_host(text_of(HOST), &region));
    assert_true(text_equal_string(region, "us-east-1"));
    assert_true(endpoint_region_of_host(text_of(ID ".dsql-fnh4.eu-west-2.on.aws"), &region));
    assert_true(text_equal_string(region, "eu-west-2"));
}

static void other_names_tell_no_region(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",
        ID,
        "db.example.com",
        ID ".dsql..on.aws",
        ".dsql.us-east-1.on.aws",
        ID ".dsqlx.us-east-1.on.aws",
        ID ".dsql-.us-east-1.on.aws",
        ID ".rds.us-east-1.on.aws",
        ID ".dsql.us-east-1.on.aws.evil.com",
        ID ".dsql.us-east-1.on.aws\n",
        ID ".dsql.us-east-1.on.awsx",
        ID ".dsql.-us.on.aws",
        "vpce-1.dsql-abcd.us-east-1.vpce.amazonaws.com",
        "a." HOST,
    };
    struct text region;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_false(endpoint_region_of_host(text_of(names[i]), &region));
    }
}

static void a_region_is_one_dns_label(void **state)
{
    (void)state;
    assert_true(endpoint_is_region(text_of("us-gov-west-1")));
    assert_false(endpoint_is_region(text_of("us-east-1.evil.com")));
    assert_false(endpoint_is_region(text_of("us/east")));
    assert_false(endpoint_is_region(text_of("-us")));
    assert_false(endpoint_is_region(text_of("us-")));
    assert_false(endpoint_is_region(text_of("")));
    char longest[65];
    memset(longest, 'a', sizeof longest);
    assert_true(endpoint_is_region(text_of_bytes(longest, 63)));
    assert_false(endpoint_is_region(text_of_bytes(longest, 64)));
}

static void an_endpoint_is_lowered_and_loses_its_last_dot(void **state)
{
    (void)state;
    expect_host(HOST, NULL, HOST, "us-east-1");
    expect_host("ABCDEFGHIJKLMNOPQRST012345.DSQL.US-EAST-1.ON.AWS.", NULL, HOST, "us-east-1");
}

static void an_id_expands_with_the_region(void **state)
{
    (void)state;
    expect_host(ID, "eu-west-1", ID ".dsql.eu-west-1.on.aws", "eu-west-1");
    setenv("AWS_REGION", "us-east-1", 1);
    expect_host(ID, NULL, HOST, "us-east-1");
    expect_host("localhost", NULL, "localhost", "us-east-1"); /* no dot is not yet an id */
}

static void the_region_is_explicit_then_host_then_environment(void **state)
{
    (void)state;
    setenv("AWS_REGION", "sa-east-1", 1);
    setenv("AWS_DEFAULT_REGION", "ca-west-1", 1);
    expect_host(HOST, "eu-west-1", HOST, "eu-west-1");
    expect_host(HOST, NULL, HOST, "us-east-1");
    expect_host("db.example.com", "", "db.example.com", "sa-east-1");
    setenv("AWS_REGION", "", 1);
    expect_host("db.example.com", NULL, "db.example.com", "ca-west-1");
}

static void no_region_anywhere_leaves_the_id_as_it_is(void **state)
{
    (void)state;
    struct endpoint endpoint;
    expect_host(ID, NULL, ID, "");
    setenv("AWS_REGION", " ", 1);
    expect_host("db.example.com", " ", "db.example.com", "");
    assert_int_equal(endpoint_resolve(ID, NULL, &endpoint, NULL), DSQL_OK);
    assert_int_equal(endpoint_complete(&endpoint, text_of(" us-east-1\n"), "x", NULL), DSQL_OK);
    assert_string_equal(endpoint.host, HOST);
    assert_string_equal(endpoint.region, "us-east-1");
}

static void a_bad_region_completes_nothing(void **state)
{
    (void)state;
    struct endpoint endpoint;
    dsql_error err = {0};
    assert_int_equal(endpoint_resolve(ID, NULL, &endpoint, NULL), DSQL_OK);
    assert_int_equal(endpoint_complete(&endpoint, text_of("evil.com/"), "the moon", &err),
                     DSQL_ERR_USAGE);
    assert_non_null(strstr(err.message, "the moon"));
    assert_null(strstr(err.message, "evil"));
    assert_string_equal(endpoint.host, ID);
    assert_string_equal(endpoint.region, "");
}

static void public_endpoint_is_that_of_a_connect(void **state)
{
    (void)state;
    dsql_endpoint endpoint;
    dsql_error err = {0};
    assert_int_equal(dsql_endpoint_resolve(ID, "us-east-1", &endpoint, NULL), DSQL_OK);
    assert_string_equal(endpoint.host, HOST);
    assert_string_equal(endpoint.region, "us-east-1");
    assert_int_equal(dsql_endpoint_resolve("DB.example.com", NULL, &endpoint, NULL), DSQL_OK);
    assert_string_equal(endpoint.host, "db.example.com");
    assert_string_equal(endpoint.region, "");
    assert_int_equal(dsql_endpoint_resolve(ID, NULL, &endpoint, &err), DSQL_ERR_TOKEN);
    assert_non_null(strstr(err.message, "AWS_REGION"));
    assert_string_equal(endpoint.host, "db.example.com"); /* as it was */
    assert_int_equal(dsql_endpoint_resolve("a b", NULL, &endpoint, &err), DSQL_ERR_USAGE);
    assert_int_equal(dsql_endpoint_resolve(ID, "us-east-1", NULL, &err), DSQL_ERR_USAGE);
}

static void a_bad_region_is_refused_wherever_it_comes_from(void **state)
{
    (void)state;
    expect_failure(ID, "evil.com/", DSQL_ERR_USAGE, "the options");
    setenv("AWS_REGION", "a.b", 1);
    expect_failure(ID, NULL, DSQL_ERR_USAGE, "AWS_REGION");
}

static void a_host_that_is_no_bare_name_is_refused(void **state)
{
    (void)state;
    expect_failure(NULL, "eu-west-1", DSQL_ERR_USAGE, "no host");
    expect_failure("", "eu-west-1", DSQL_ERR_USAGE, "no host");
    expect_failure("https://x", "eu-west-1", DSQL_ERR_USAGE, "bare DNS name");
    expect_failure("x:5432", "eu-west-1", DSQL_ERR_USAGE, "port");
    expect_failure("::1", "eu-west-1", DSQL_ERR_USAGE, "IPv6");
    expect_failure("x/postgres", "eu-west-1", DSQL_ERR_USAGE, "'/'");
    expect_failure("x?a", "eu-west-1", DSQL_ERR_USAGE, "'?'");
    expect_failure("x,y", "eu-west-1", DSQL_ERR_USAGE, "','");
    expect_failure("x y", "eu-west-1", DSQL_ERR_USAGE, "space");
    expect_failure("x\n", "eu-west-1", DSQL_ERR_USAGE, "control");
    expect_failure("x\xc3\xa9", "eu-west-1", DSQL_ERR_USAGE, "ASCII");
    expect_failure("a..b", "eu-west-1", DSQL_ERR_USAGE, "not a DNS name");
    expect_failure("-a.b", "eu-west-1", DSQL_ERR_USAGE, "not a DNS name");
    expect_failure(".", "eu-west-1", DSQL_ERR_USAGE, "not a DNS name");
}

static void a_host_with_a_user_is_refused_without_repeating_it(void **state)
{
    (void)state;
    struct endpoint endpoint;
    dsql_error err = {0};
    assert_int_equal(endpoint_resolve("hunter2@x", "eu-west-1", &endpoint, &err), DSQL_ERR_USAGE);
    assert_null(strstr(err.message, "hunter2"));
}

static void a_host_that_is_too_long_is_refused(void **state)
{
    (void)state;
    char host[300];
    for (size_t i = 0; i < sizeof host; i++) {
        host[i] = i % 50 == 49 ? '.' : 'a';
    }
    host[254] = '\0';
    expect_failure(host, "eu-west-1", DSQL_ERR_USAGE, "longer than 253");
    host[253] = '\0';
    expect_host(host, "eu-west-1", host, "eu-west-1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cluster_id_is_26_lower_case_letters_and_digits),
        cmocka_unit_test(the_host_name_tells_the_region),
        cmocka_unit_test(other_names_tell_no_region),
        cmocka_unit_test(a_region_is_one_dns_label),
        cmocka_unit_test_setup(an_endpoint_is_lowered_and_loses_its_last_dot, clear_environment),
        cmocka_unit_test_setup(an_id_expands_with_the_region, clear_environment),
        cmocka_unit_test_setup(the_region_is_explicit_then_host_then_environment,
                               clear_environment),
        cmocka_unit_test_setup(no_region_anywhere_leaves_the_id_as_it_is, clear_environment),
        cmocka_unit_test_setup(a_bad_region_completes_nothing, clear_environment),
        cmocka_unit_test_setup(public_endpoint_is_that_of_a_connect, clear_environment),
        cmocka_unit_test_setup(a_bad_region_is_refused_wherever_it_comes_from, clear_environment),
        cmocka_unit_test_setup(a_host_that_is_no_bare_name_is_refused, clear_environment),
        cmocka_unit_test(a_host_with_a_user_is_refused_without_repeating_it),
        cmocka_unit_test_setup(a_host_that_is_too_long_is_refused, clear_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
