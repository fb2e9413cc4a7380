/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "config/conninfo.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static void expect(const char *conninfo, const char *keyword, const char *value)
{
    struct pair_list list AUTO_PAIRS = {0};
    dsql_error err = {0};
    if (conninfo_parse(text_of(conninfo), &list, &err) != DSQL_OK) {
        fail_msg("%s: %s", conninfo, err.message);
    }
    const char *got = pairs_get(&list, keyword);
    if (value == NULL) {
        assert_null(got);
        return;
    }
    assert_non_null(got);
    assert_string_equal(got, value);
}

static void expect_failure(const char *conninfo, const char *words)
{
    struct pair_list list AUTO_PAIRS = {0};
    dsql_error err = {0};
    assert_int_equal(conninfo_parse(text_of(conninfo), &list, &err), DSQL_ERR_USAGE);
    if (strstr(err.message, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.message, words);
    }
    assert_null(strstr(err.message, "hunter2"));
}

static void a_uri_names_user_host_port_and_database(void **state)
{
    (void)state;
    static const char *const schemes[] = {"postgres", "postgresql", "dsql", "POSTGRES"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        char uri[100];
        snprintf(uri, sizeof uri, "%s://ann@h.example:5433/db", schemes[i]);
        expect(uri, "user", "ann");
        expect(uri, "host", "h.example");
        expect(uri, "port", "5433");
        expect(uri, "dbname", "db");
    }
}

static void what_a_uri_leaves_out_is_not_set(void **state)
{
    (void)state;
    expect("postgres://h", "user", NULL);
    expect("postgres://@h", "user", NULL);
    expect("postgres://ann:@h", "user", "ann");
    expect("postgres://h:", "port", NULL);
    expect("postgres://admin@h", "dbname", NULL);
    expect("postgres://admin@h/", "dbname", NULL);
    expect("postgres://h/?", "dbname", NULL);
    expect("postgres://", "host", NULL);
    expect("postgres:///db", "host", NULL);
    expect("postgres:///db", "dbname", "db");
}

static void a_uri_is_decoded_once(void **state)
{
    (void)state;
    expect("postgres://ad%40min@h", "user", "ad@min");
    expect("postgres://a%2540b@h", "user", "a%40b");
    expect("postgres://h/my%20db", "dbname", "my db");
    expect("postgres://h?application_name=a%26b%3Dc", "application_name", "a&b=c");
    expect("postgres://h?application_name=a+b", "application_name", "a+b");
}

static void a_bad_escape_is_refused(void **state)
{
    (void)state;
    expect_failure("postgres://a%4@h", "two hex digits");
    expect_failure("postgres://a%zz@h", "two hex digits");
    expect_failure("postgres://h/%00", "%00");
    expect_failure("postgres://h?a=%", "two hex digits");
}

static void a_query_has_further_keywords(void **state)
{
    (void)state;
    expect("postgres://h?region=eu-west-1&profile=p", "region", "eu-west-1");
    expect("postgres://h/db?region=eu-west-1&profile=p&", "profile", "p");
    expect("postgres://h?options=-c%20x=y", "options", "-c x=y"); /* a second '=' is value */
    expect("postgres://h?host=other", "host", "other");
}

static void a_query_parameter_without_value_is_refused(void **state)
{
    (void)state;
    expect_failure("postgres://h?region", "KEYWORD=VALUE");
    expect_failure("postgres://h?=x", "KEYWORD=VALUE");
}

static void a_password_in_a_uri_is_refused_and_not_repeated(void **state)
{
    (void)state;
    expect_failure("postgres://ann:hunter2@h", "the token is the password");
    expect_failure("postgres://ann:hunter2@h?a=%", "the token is the password");
}

static void an_ipv6_address_is_refused(void **state)
{
    (void)state;
    expect_failure("postgres://[::1]:5432/db", "IPv6");
    expect_failure("postgres://ann@[::1]", "IPv6");
}

static void another_scheme_is_refused(void **state)
{
    (void)state;
    expect_failure("https://h", "postgres://");
    expect_failure("mysql://h?a=b", "postgres://");
}

/* Without this they were taken for a host, or for a keyword that libpq does not have. */
static void a_jdbc_string_is_named(void **state)
{
    (void)state;
    expect_failure("jdbc:postgresql://h:5432/postgres", "jdbc: connection string");
    expect_failure("jdbc:postgresql://h/postgres?user=admin", "jdbc: connection string");
    expect_failure("JDBC:aws-dsql:postgresql://h/postgres", "jdbc: connection string");
}

static void words_of_other_connectors_are_known(void **state)
{
    (void)state;
    expect("postgres://h?occMaxRetries=3", "occ_max_retries", "3");
    expect("occ-max-retries=1 occ_max_retries=2", "occ_max_retries", "2");
    expect("postgres://h?ormPrefix=rails", "application_name", "rails");
    expect("orm-prefix=a orm_prefix=b", "application_name", "b");
}

static void the_token_duration_has_three_spellings(void **state)
{
    (void)state;
    expect("postgres://h?tokenDurationSecs=60", "token_duration_secs", "60");
    expect("postgres://h?token-duration-secs=61", "token_duration_secs", "61");
    expect("host=h token_duration_secs=62", "token_duration_secs", "62");
    expect("tokenDurationSecs=1 token-duration-secs=2", "token_duration_secs", "2");
}

static void pairs_are_read_as_libpq_does(void **state)
{
    (void)state;
    expect("host=h user = ann  dbname='my db'", "user", "ann");
    expect("host=h user = ann  dbname='my db'", "dbname", "my db");
    expect("\n host=h\tport=1\n", "port", "1");
    expect("dbname='it\\'s' host=h", "dbname", "it's");
    expect("dbname=it\\'s\\ on host=h", "dbname", "it's on");
    expect("dbname='a\\\\b'", "dbname", "a\\b");
    expect("dbname='' host=h", "dbname", "");
    expect("dbname= host=h", "dbname", "host=h"); /* libpq too skips the space */
    expect("dbname='a'host=h", "host", "h");
    expect("options='-c a=b'", "options", "-c a=b");
    expect("dbname=x\\", "dbname", "x");
}

static void the_last_of_two_wins(void **state)
{
    (void)state;
    expect("host=a host=b", "host", "b");
    expect("postgres://a?region=x&region=y", "region", "y");
}

static void pairs_that_are_none_are_refused(void **state)
{
    (void)state;
    expect_failure("host=h hunter2", "KEYWORD=VALUE");
    expect_failure("=hunter2", "KEYWORD=VALUE");
    expect_failure("host=h dbname='hunter2", "not terminated");
    expect_failure("host=h dbname='hunter2\\", "not terminated");
}

static void a_word_alone_is_a_host(void **state)
{
    (void)state;
    expect("  h.example ", "host", "h.example");
    expect("", "host", NULL);
    expect("   ", "host", NULL);
}

static void a_nul_is_refused(void **state)
{
    (void)state;
    struct pair_list list AUTO_PAIRS = {0};
    assert_int_equal(conninfo_parse(text_of_bytes("host=a\0b", 8), &list, NULL), DSQL_ERR_USAGE);
}

static void more_keywords_than_there_are_is_refused(void **state)
{
    (void)state;
    char string[16 * (CONNINFO_MAX_PAIRS + 1)];
    size_t len = 0;
    for (int i = 0; i < CONNINFO_MAX_PAIRS; i++) {
        len += (size_t)snprintf(&string[len], sizeof string - len, "k%d=v ", i);
    }
    expect(string, "k255", "v");
    snprintf(&string[len], sizeof string - len, "k256=v");
    expect_failure(string, "more than 256");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_uri_names_user_host_port_and_database),
        cmocka_unit_test(what_a_uri_leaves_out_is_not_set),
        cmocka_unit_test(a_uri_is_decoded_once),
        cmocka_unit_test(a_bad_escape_is_refused),
        cmocka_unit_test(a_query_has_further_keywords),
        cmocka_unit_test(a_query_parameter_without_value_is_refused),
        cmocka_unit_test(a_password_in_a_uri_is_refused_and_not_repeated),
        cmocka_unit_test(an_ipv6_address_is_refused),
        cmocka_unit_test(another_scheme_is_refused),
        cmocka_unit_test(a_jdbc_string_is_named),
        cmocka_unit_test(words_of_other_connectors_are_known),
        cmocka_unit_test(the_token_duration_has_three_spellings),
        cmocka_unit_test(pairs_are_read_as_libpq_does),
        cmocka_unit_test(the_last_of_two_wins),
        cmocka_unit_test(pairs_that_are_none_are_refused),
        cmocka_unit_test(a_word_alone_is_a_host),
        cmocka_unit_test(a_nul_is_refused),
        cmocka_unit_test(more_keywords_than_there_are_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
