/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "cli/proxy_target.h"
#include "unit.h"

#include <string.h>

#define ENDPOINT "foo0bar1baz2quux3quuux4abc.dsql.us-east-1.on.aws"

static void host_alone_is_enough(void **state)
{
    (void)state;
    struct proxy_target target;
    assert_int_equal(proxy_target_parse(text_of(ENDPOINT), &target, NULL), DSQL_OK);
    assert_string_equal(target.host, ENDPOINT);
    assert_null(target.user);
    assert_int_equal(target.port, 0);
    proxy_target_clear(&target);
    assert_null(target.host);
}

static void every_word_is_read(void **state)
{
    (void)state;
    struct proxy_target target;
    assert_int_equal(
        proxy_target_parse(
            text_of(ENDPOINT
                    "?port=5433&user=app&dbname=postgres&profile=prod&region=eu-west-1&"
                    "server_port=6432&hostaddr=::1&sslrootcert=/etc/my%20ca.pem&"
                    "password_file=/run/a%26b&max_servers=10&min_idle=0&token_seconds=900"),
            &target, NULL),
        DSQL_OK);
    assert_int_equal(target.port, 5433);
    assert_string_equal(target.user, "app");
    assert_string_equal(target.dbname, "postgres");
    assert_string_equal(target.profile, "prod");
    assert_string_equal(target.region, "eu-west-1");
    assert_int_equal(target.server_port, 6432);
    assert_string_equal(target.hostaddr, "::1");
    assert_string_equal(target.sslrootcert, "/etc/my ca.pem");
    assert_string_equal(target.password_file, "/run/a&b");
    assert_int_equal(target.max_servers, 10);
    assert_int_equal(target.min_idle, PROXY_TARGET_ZERO);
    assert_int_equal(target.token_seconds, 900);
    proxy_target_clear(&target);
}

static void port_0_is_any(void **state)
{
    (void)state;
    struct proxy_target target;
    assert_int_equal(proxy_target_parse(text_of("h?port=0&user=a+b"), &target, NULL), DSQL_OK);
    assert_int_equal(target.port, PROXY_TARGET_ZERO);
    assert_string_equal(target.user, "a+b");
    proxy_target_clear(&target);
}

static void mistakes_are_named_without_values(void **state)
{
    (void)state;
    static const char *const mistakes[][2] = {
        {"", "invalid cluster"},
        {"?port=5433", "invalid cluster"},
        {"postgresql://app:s3cret@host/", "invalid cluster"},
        {"h h", "invalid cluster"},
        {"h?", "unknown word \"\""},
        {"h?prot=s3cret", "unknown word \"prot\". Use one of port, user,"},
        {"h?password=s3cret", "unknown word \"password\""},
        {"h?port", "\"port\" needs a value"},
        {"h?port=", "\"port\" needs a value"},
        {"h?port=s3cret", "\"port\" must be a whole number from 0 to 65535"},
        {"h?port=65536", "\"port\" must be a whole number from 0 to 65535"},
        {"h?port=-1", "\"port\" must be a whole number from 0 to 65535"},
        {"h?port=1&port=2", "\"port\" is given twice"},
        {"h?port=0&port=0", "\"port\" is given twice"},
        {"h?user=a&user=b", "\"user\" is given twice"},
        {"h?server_port=0", "\"server_port\" must be a whole number from 1 to 65535"},
        {"h?user=%4", "\"user\" has an invalid percent-encoding"},
        {"h?user=%00", "\"user\" has an invalid percent-encoding"},
        {"h?user=a%0as3cret", "\"user\" must not contain control characters"},
        {"h?hostaddr=s3cret", "\"hostaddr\" must be a numeric IP address"},
        {"h?user=a&", "unknown word \"\""},
        {"h?&user=a", "unknown word \"\""},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        struct proxy_target target;
        dsql_error err = {0};
        assert_int_equal(proxy_target_parse(text_of(mistakes[i][0]), &target, &err),
                         DSQL_ERR_USAGE);
        if (strstr(err.message, mistakes[i][1]) == NULL) {
            print_error("%s: %s\n", mistakes[i][0], err.message);
        }
        assert_non_null(strstr(err.message, mistakes[i][1]));
        assert_null(strstr(err.message, "s3cret"));
        proxy_target_clear(&target);
    }
}

static void length_is_limited(void **state)
{
    (void)state;
    char text[PROXY_TARGET_TEXT_MAX + 2] = "h?user=";
    memset(text + 7, 'x', sizeof text - 8);
    struct proxy_target target;
    assert_int_equal(proxy_target_parse(text_of(text), &target, NULL), DSQL_ERR_USAGE);
    proxy_target_clear(&target);
    text[PROXY_TARGET_TEXT_MAX] = '\0';
    assert_int_equal(proxy_target_parse(text_of(text), &target, NULL), DSQL_OK);
    proxy_target_clear(&target);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_alone_is_enough), cmocka_unit_test(every_word_is_read),
        cmocka_unit_test(port_0_is_any),        cmocka_unit_test(mistakes_are_named_without_values),
        cmocka_unit_test(length_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
