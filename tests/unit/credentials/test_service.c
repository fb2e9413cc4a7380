/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "credentials/aws/service.h"
#include "credentials/chain/search.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static struct profile_set *set;
static struct profile profile;

static int set_up(void **state)
{
    (void)state;
    static const char *const names[] = {
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_USE_FIPS_ENDPOINT",
        "AWS_USE_DUALSTACK_ENDPOINT",
        "AWS_STS_REGIONAL_ENDPOINTS",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_STS",
        "AWS_ENDPOINT_URL_SSO_OIDC",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        "AWS_CA_BUNDLE",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        unsetenv(names[i]);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    profile_set_free(set);
    set = NULL;
    return 0;
}

static void use_profile(const char *config)
{
    profile_set_free(set);
    set = profile_set_parse(text_of(config), text_of(""), NULL);
    assert_non_null(set);
    profile = (struct profile){.set = set, .name = "default"};
}

static void expect(enum service service, const char *region, const char *url,
                   const char *signed_region)
{
    struct service_endpoint endpoint;
    dsql_error err = {0};
    if (service_endpoint(service, set == NULL ? NULL : &profile, region, &endpoint, &err) !=
        DSQL_OK) {
        fail_msg("%s", err.message);
    }
    assert_string_equal(endpoint.url, url);
    assert_string_equal(endpoint.region, signed_region);
    assert_true(text_ends_with(text_of(url), endpoint.host));
}

static void expect_failure(enum service service, const char *region, const char *words)
{
    struct service_endpoint endpoint = {.url = "untouched"};
    dsql_error err = {0};
    assert_int_equal(
        service_endpoint(service, set == NULL ? NULL : &profile, region, &endpoint, &err),
        DSQL_ERR_CREDENTIALS);
    if (strstr(err.message, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.message, words);
    }
    assert_null(strstr(err.message, "hunter2"));
    assert_string_equal(endpoint.url, "untouched");
}

static void each_service_has_a_host_in_each_partition(void **state)
{
    (void)state;
    expect(SERVICE_STS, "us-east-1", "https://sts.us-east-1.amazonaws.com", "us-east-1");
    expect(SERVICE_STS, "cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn", "cn-north-1");
    expect(SERVICE_STS, "us-gov-west-1", "https://sts.us-gov-west-1.amazonaws.com",
           "us-gov-west-1");
    expect(SERVICE_STS, "us-iso-east-1", "https://sts.us-iso-east-1.c2s.ic.gov", "us-iso-east-1");
    expect(SERVICE_STS, "us-isob-east-1", "https://sts.us-isob-east-1.sc2s.sgov.gov",
           "us-isob-east-1");
    expect(SERVICE_STS, "eu-isoe-west-1", "https://sts.eu-isoe-west-1.cloud.adc-e.uk",
           "eu-isoe-west-1");
    expect(SERVICE_STS, "us-isof-south-1", "https://sts.us-isof-south-1.csp.hci.ic.gov",
           "us-isof-south-1");
    expect(SERVICE_STS, "eusc-de-east-1", "https://sts.eusc-de-east-1.amazonaws.eu",
           "eusc-de-east-1");
    expect(SERVICE_SSO, "eu-west-1", "https://portal.sso.eu-west-1.amazonaws.com", "eu-west-1");
    expect(SERVICE_SSO_OIDC, "eu-west-1", "https://oidc.eu-west-1.amazonaws.com", "eu-west-1");
    expect(SERVICE_SIGNIN, "eu-west-1", "https://eu-west-1.signin.aws.amazon.com", "eu-west-1");
    expect(SERVICE_SIGNIN, "cn-north-1", "https://cn-north-1.signin.amazonaws.cn", "cn-north-1");
    expect(SERVICE_SIGNIN, "us-gov-east-1", "https://us-gov-east-1.signin.amazonaws-us-gov.com",
           "us-gov-east-1");
}

static void fips_and_dual_stack_change_names_and_suffix(void **state)
{
    (void)state;
    setenv("AWS_USE_FIPS_ENDPOINT", "TRUE", 1);
    expect(SERVICE_STS, "us-east-1", "https://sts-fips.us-east-1.amazonaws.com", "us-east-1");
    expect(SERVICE_SSO, "us-east-1", "https://portal.sso-fips.us-east-1.amazonaws.com",
           "us-east-1");
    expect(SERVICE_SSO_OIDC, "us-gov-west-1", "https://oidc.us-gov-west-1.amazonaws.com",
           "us-gov-west-1");
    expect(SERVICE_SIGNIN, "us-gov-west-1", "https://signin-fips.amazonaws-us-gov.com",
           "us-gov-west-1");
    expect(SERVICE_SIGNIN, "us-gov-east-1",
           "https://us-gov-east-1.signin-fips.amazonaws-us-gov.com", "us-gov-east-1");
    expect(SERVICE_SIGNIN, "us-east-1", "https://signin-fips.us-east-1.amazonaws.com", "us-east-1");
    setenv("AWS_USE_DUALSTACK_ENDPOINT", "true", 1);
    expect(SERVICE_STS, "us-east-1", "https://sts-fips.us-east-1.api.aws", "us-east-1");
    expect(SERVICE_STS, "us-gov-west-1", "https://sts-fips.us-gov-west-1.api.aws", "us-gov-west-1");
    setenv("AWS_USE_FIPS_ENDPOINT", "false", 1);
    expect(SERVICE_STS, "us-east-1", "https://sts.us-east-1.api.aws", "us-east-1");
    expect(SERVICE_SIGNIN, "us-east-1", "https://signin.us-east-1.api.aws", "us-east-1");
    expect(SERVICE_STS, "cn-north-1", "https://sts.cn-north-1.api.amazonwebservices.com.cn",
           "cn-north-1");
}

static void variants_come_from_the_profile_when_not_from_the_environment(void **state)
{
    (void)state;
    use_profile("[default]\nuse_fips_endpoint = true\n");
    expect(SERVICE_STS, "us-east-1", "https://sts-fips.us-east-1.amazonaws.com", "us-east-1");
    setenv("AWS_USE_FIPS_ENDPOINT", "false", 1);
    expect(SERVICE_STS, "us-east-1", "https://sts.us-east-1.amazonaws.com", "us-east-1");
    setenv("AWS_USE_FIPS_ENDPOINT", "perhaps", 1);
    expect_failure(SERVICE_STS, "us-east-1", "AWS_USE_FIPS_ENDPOINT");
}

static void the_region_is_given_then_environment_then_profile(void **state)
{
    (void)state;
    use_profile("[default]\nregion = sa-east-1\n");
    expect(SERVICE_SSO, NULL, "https://portal.sso.sa-east-1.amazonaws.com", "sa-east-1");
    setenv("AWS_DEFAULT_REGION", "ca-west-1", 1);
    expect(SERVICE_SSO, NULL, "https://portal.sso.ca-west-1.amazonaws.com", "ca-west-1");
    setenv("AWS_REGION", " eu-west-1 ", 1);
    expect(SERVICE_SSO, NULL, "https://portal.sso.eu-west-1.amazonaws.com", "eu-west-1");
    expect(SERVICE_SSO, "us-east-1", "https://portal.sso.us-east-1.amazonaws.com", "us-east-1");
}

static void without_a_region_only_sts_can_be_asked(void **state)
{
    (void)state;
    expect(SERVICE_STS, NULL, "https://sts.amazonaws.com", "us-east-1");
    expect_failure(SERVICE_SSO, NULL, "AWS_REGION");
    setenv("AWS_USE_FIPS_ENDPOINT", "true", 1);
    expect(SERVICE_STS, NULL, "https://sts-fips.us-east-1.amazonaws.com", "us-east-1");
}

static void a_region_that_is_no_label_is_refused(void **state)
{
    (void)state;
    expect_failure(SERVICE_STS, "hunter2.evil.com/", "lower-case");
    expect_failure(SERVICE_SSO, "US-EAST-1", "lower-case");
    expect_failure(SERVICE_SSO, "us-east-1\r\nhost: hunter2", "lower-case");
    expect_failure(SERVICE_SSO, "", "no region");
}

static void legacy_sts_is_global_for_old_regions_only(void **state)
{
    (void)state;
    use_profile("[default]\nsts_regional_endpoints = legacy\n");
    expect(SERVICE_STS, "eu-west-1", "https://sts.amazonaws.com", "us-east-1");
    expect(SERVICE_STS, "af-south-1", "https://sts.af-south-1.amazonaws.com", "af-south-1");
    expect(SERVICE_SSO, "eu-west-1", "https://portal.sso.eu-west-1.amazonaws.com", "eu-west-1");
    setenv("AWS_STS_REGIONAL_ENDPOINTS", "regional", 1);
    expect(SERVICE_STS, "eu-west-1", "https://sts.eu-west-1.amazonaws.com", "eu-west-1");
    setenv("AWS_STS_REGIONAL_ENDPOINTS", "global", 1);
    expect_failure(SERVICE_STS, "eu-west-1", "regional or legacy");
}

static void a_configured_endpoint_is_taken_in_the_documented_order(void **state)
{
    (void)state;
    use_profile("[default]\nendpoint_url = https://all.example\nservices = dev\n"
                "[services dev]\nsts =\n endpoint_url = https://sts.example:8443/\n");
    expect(SERVICE_SSO, "us-east-1", "https://all.example", "us-east-1");
    expect(SERVICE_STS, "us-east-1", "https://sts.example:8443", "us-east-1");
    setenv("AWS_ENDPOINT_URL", "https://env.example", 1);
    expect(SERVICE_STS, "us-east-1", "https://env.example", "us-east-1");
    setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:4566", 1);
    expect(SERVICE_STS, NULL, "http://127.0.0.1:4566", "us-east-1");
    expect(SERVICE_SSO_OIDC, "us-east-1", "https://env.example", "us-east-1");
    setenv("AWS_ENDPOINT_URL_SSO_OIDC", "https://OIDC.example:443", 1);
    expect(SERVICE_SSO_OIDC, "us-east-1", "https://oidc.example", "us-east-1");
    setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
    expect(SERVICE_STS, "us-east-1", "https://sts.us-east-1.amazonaws.com", "us-east-1");
}

static void a_profile_can_ignore_configured_endpoints(void **state)
{
    (void)state;
    use_profile("[default]\nendpoint_url = https://all.example\n"
                "ignore_configured_endpoint_urls = true\n");
    setenv("AWS_ENDPOINT_URL_STS", "https://env.example", 1);
    expect(SERVICE_STS, "us-east-1", "https://sts.us-east-1.amazonaws.com", "us-east-1");
    setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false", 1);
    expect(SERVICE_STS, "us-east-1", "https://env.example", "us-east-1");
}

static void configured_addresses_are_one_host(void **state)
{
    (void)state;
    struct service_endpoint endpoint;
    static const char *const good[] = {"http://localhost:1", "http://127.9.9.9", "http://[::1]:80",
                                       "https://[2001:db8::1]:8443", "https://a"};
    static const char *const exposed[] = {
        "http://a.example",
        "http://127.0.0.1.evil.com",
        "http://localhost.evil.com",
        "http://169.254.169.254",
        "http://0.0.0.0",
        "http://[::ffff:127.0.0.1]",
        "http://[::2]",
    };
    static const char *const bad[] = {
        "http://127.1",
        "http://user@localhost",
        "https://user:hunter2@a.example",
        "https://a.example/path",
        "https://a.example?x",
        "https://a.example#x",
        "https://a.example\\@b",
        "https://a.example:0",
        "https://a.example:65536",
        "https://a.example:",
        "https://[::1",
        "https://[::1]x",
        "https://[evil.com]",
        "https://",
        "https:///",
        "https://.a",
        "https://a..b",
        "https://a b",
        "ftp://localhost",
        "localhost:4566",
        "https://127.1",
        "",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(service_parse_url(text_of(good[i]), &endpoint));
        bool is_local = text_starts_with(text_of(good[i]), "http:");
        assert_int_equal(endpoint.reach, is_local ? HTTP_LOCAL : HTTP_PUBLIC);
        assert_false(endpoint.is_exposed);
    }
    for (size_t i = 0; i < sizeof exposed / sizeof exposed[0]; i++) {
        assert_true(service_parse_url(text_of(exposed[i]), &endpoint));
        assert_int_equal(endpoint.reach, HTTP_LOCAL);
        assert_true(endpoint.is_exposed);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (service_parse_url(text_of(bad[i]), &endpoint)) {
            fail_msg("%s was accepted", bad[i]);
        }
    }
    setenv("AWS_ENDPOINT_URL_STS", "http://hunter2:hunter2@a.example", 1);
    expect_failure(SERVICE_STS, "us-east-1", "AWS_ENDPOINT_URL_STS");
}

static void count_line(void *arg, dsql_log_level level, const char *line)
{
    int *lines = arg;
    assert_int_equal(level, DSQL_LOG_WARN);
    assert_non_null(strstr(line, "without encryption"));
    (*lines)++;
}

static void secrets_that_go_unencrypted_are_logged(void **state)
{
    (void)state;
    int lines = 0;
    struct service_endpoint endpoint = {.region = "us-east-1"};
    const struct logger logger = {count_line, &lines};
    const struct source_context context = {.logger = &logger};
    assert_true(service_parse_url(text_of("http://localhost:4566"), &endpoint));
    service_warn(&context, &endpoint);
    assert_true(service_parse_url(text_of("https://a.example"), &endpoint));
    service_warn(&context, &endpoint);
    assert_int_equal(lines, 0);
    assert_true(service_parse_url(text_of("http://localstack:4566"), &endpoint));
    service_warn(&context, &endpoint);
    assert_int_equal(lines, 1);
}

static void certificates_come_from_the_environment_then_the_profile(void **state)
{
    (void)state;
    char *path = NULL;
    assert_int_equal(service_ca_file(NULL, &path, NULL), DSQL_OK);
    assert_null(path);
    use_profile("[default]\nca_bundle = /p.pem\n");
    assert_int_equal(service_ca_file(&profile, &path, NULL), DSQL_OK);
    assert_string_equal(path, "/p.pem");
    mem_free(path);
    setenv("AWS_CA_BUNDLE", "/e.pem", 1);
    assert_int_equal(service_ca_file(&profile, &path, NULL), DSQL_OK);
    assert_string_equal(path, "/e.pem");
    mem_free(path);
}

static void attempts_come_from_the_environment_then_the_profile(void **state)
{
    (void)state;
    const struct source_context world = source_context_system();
    struct http_retry retry;
    dsql_error err = {0};
    unsetenv("AWS_MAX_ATTEMPTS");
    assert_int_equal(service_retry(&world, NULL, &retry, NULL), DSQL_OK);
    assert_int_equal(retry.max_attempts, 3);
    use_profile("[default]\nmax_attempts = 5\n");
    assert_int_equal(service_retry(&world, &profile, &retry, NULL), DSQL_OK);
    assert_int_equal(retry.max_attempts, 5);
    setenv("AWS_MAX_ATTEMPTS", "1", 1);
    assert_int_equal(service_retry(&world, &profile, &retry, NULL), DSQL_OK);
    assert_int_equal(retry.max_attempts, 1);
    setenv("AWS_MAX_ATTEMPTS", "0", 1);
    assert_int_equal(service_retry(&world, &profile, &retry, &err), DSQL_ERR_CREDENTIALS);
    assert_non_null(strstr(err.message, "AWS_MAX_ATTEMPTS"));
    unsetenv("AWS_MAX_ATTEMPTS");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_service_has_a_host_in_each_partition, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(fips_and_dual_stack_change_names_and_suffix, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            variants_come_from_the_profile_when_not_from_the_environment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_region_is_given_then_environment_then_profile, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_a_region_only_sts_can_be_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_region_that_is_no_label_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(legacy_sts_is_global_for_old_regions_only, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_configured_endpoint_is_taken_in_the_documented_order,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_profile_can_ignore_configured_endpoints, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(configured_addresses_are_one_host, set_up, tear_down),
        cmocka_unit_test(secrets_that_go_unencrypted_are_logged),
        cmocka_unit_test_setup_teardown(certificates_come_from_the_environment_then_the_profile,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(attempts_come_from_the_environment_then_the_profile, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
