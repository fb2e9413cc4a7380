/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "config/settings.h"
#include "unit.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID   "abcdefghijklmnopqrst012345"
#define HOST ID ".dsql.us-east-1.on.aws"
#define OWN  "dsql-c/0.1.0"

static int clear_environment(void **state)
{
    (void)state;
    static const char *const names[] = {"AWS_REGION", "AWS_DEFAULT_REGION", "PGUSER", "PGHOST",
                                        "PGPORT",     "PGAPPNAME"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        unsetenv(names[i]);
    }
    return 0;
}

static struct settings resolved(const dsql_options *options)
{
    struct settings settings = {0};
    dsql_error err = {0};
    if (settings_resolve(options, &settings, &err) != DSQL_OK) {
        fail_msg("%s", err.message);
    }
    return settings;
}

static void expect_failure(const dsql_options *options, const char *words)
{
    struct settings settings = {0};
    dsql_error err = {0};
    assert_int_equal(settings_resolve(options, &settings, &err), DSQL_ERR_USAGE);
    if (strstr(err.message, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.message, words);
    }
    assert_null(strstr(err.message, "hunter2"));
    assert_string_equal(settings.endpoint.host, "");
}

static void a_host_is_enough(void **state)
{
    (void)state;
    struct settings settings = resolved(DSQL_OPTIONS(.host = HOST));
    assert_string_equal(settings.endpoint.host, HOST);
    assert_string_equal(settings.endpoint.region, "us-east-1");
    assert_string_equal(settings.user, "admin");
    assert_string_equal(settings.dbname, "postgres");
    assert_string_equal(settings.port, "5432");
    assert_string_equal(settings.application_name, OWN);
    assert_null(settings.profile);
    assert_null(settings.ca_file);
    assert_null(settings.credentials);
    assert_int_equal(settings.token_seconds, 900);
    assert_int_equal(settings.connect_timeout_ms, 10000);
    assert_int_equal(settings.pair_count, 0);
    settings_clear(&settings);
}

static void the_pool_and_retry_defaults_are_those_of_the_header(void **state)
{
    (void)state;
    struct settings settings = resolved(DSQL_OPTIONS(.host = HOST));
    assert_int_equal(settings.pool.max, 10);
    assert_int_equal(settings.pool.min_idle, 0);
    assert_int_equal(settings.pool.max_lifetime_s, 3300);
    assert_int_equal(settings.pool.max_idle_s, 600);
    assert_int_equal(settings.pool.acquire_timeout_ms, 5000);
    assert_int_equal(settings.pool.validate_idle_s, 30);
    assert_false(settings.pool.reset_on_release);
    assert_null(settings.pool.on_acquire);
    assert_null(settings.pool.on_release);
    assert_null(settings.pool.on_close);
    assert_int_equal(settings.retry.max_attempts, 8);
    assert_int_equal(settings.retry.base_ms, 25);
    assert_int_equal(settings.retry.max_ms, 1000);
    assert_int_equal(settings.retry.timeout_ms, 60000);
    settings_clear(&settings);
}

static void no_host_is_refused(void **state)
{
    (void)state;
    expect_failure(DSQL_OPTIONS(.user = "ann"), "PGHOST");
}

static void fields_win_over_string_over_environment(void **state)
{
    (void)state;
    setenv("PGUSER", "env", 1);
    setenv("PGPORT", "1111", 1);
    setenv("PGHOST", "env.example", 1);
    const char *string = "postgres://str@" HOST ":2222/strdb?profile=strprof";
    struct settings settings = resolved(DSQL_OPTIONS(.conninfo = string, .user = "field"));
    assert_string_equal(settings.user, "field");
    assert_string_equal(settings.port, "2222");
    assert_string_equal(settings.dbname, "strdb");
    assert_string_equal(settings.profile, "strprof");
    assert_string_equal(settings.endpoint.host, HOST);
    settings_clear(&settings);
    settings = resolved(DSQL_OPTIONS(.region = "eu-west-1"));
    assert_string_equal(settings.user, "env");
    assert_string_equal(settings.port, "1111");
    assert_string_equal(settings.endpoint.host, "env.example");
    settings_clear(&settings);
}

static void blank_is_as_good_as_unset(void **state)
{
    (void)state;
    setenv("PGUSER", " ", 1);
    struct settings settings =
        resolved(DSQL_OPTIONS(.conninfo = "host=" HOST " dbname='' region=''", .dbname = ""));
    assert_string_equal(settings.user, "admin");
    assert_string_equal(settings.dbname, "postgres");
    settings_clear(&settings);
}

static void the_port_is_from_1_to_65535(void **state)
{
    (void)state;
    struct settings settings = resolved(DSQL_OPTIONS(.host = HOST, .port = "65535"));
    assert_string_equal(settings.port, "65535");
    settings_clear(&settings);
    static const char *const ports[] = {"0",     "65536", "-1",
                                        "5432x", "0x10",  "99999999999999999999"};
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        expect_failure(DSQL_OPTIONS(.host = HOST, .port = ports[i]), "port");
    }
}

static void a_name_has_at_most_63_bytes(void **state)
{
    (void)state;
    char name[65];
    memset(name, 'x', sizeof name);
    name[63] = '\0';
    struct settings settings = resolved(DSQL_OPTIONS(.host = HOST, .user = name, .dbname = name));
    assert_string_equal(settings.user, name);
    settings_clear(&settings);
    name[63] = 'x';
    name[64] = '\0';
    expect_failure(DSQL_OPTIONS(.host = HOST, .user = name), "user is longer");
    expect_failure(DSQL_OPTIONS(.host = HOST, .dbname = name), "dbname is longer");
}

static void the_application_name_ends_with_ours(void **state)
{
    (void)state;
    struct settings settings = resolved(DSQL_OPTIONS(.host = HOST, .application_name = "rails"));
    assert_string_equal(settings.application_name, "rails:" OWN);
    settings_clear(&settings);
    settings = resolved(DSQL_OPTIONS(.conninfo = "host=" HOST " application_name=django"));
    assert_string_equal(settings.application_name, "django:" OWN);
    settings_clear(&settings);
}

static void a_long_application_name_is_cut_at_a_whole_character(void **state)
{
    (void)state;
    char name[121];
    for (size_t i = 0; i < sizeof name - 1; i += 2) { /* 2 bytes each: 50 are left, not 49 */
        memcpy(&name[i], "\xc3\xa9", 2);
    }
    name[0] = 'x';
    name[1] = 'y';
    name[120] = '\0';
    struct settings settings = resolved(DSQL_OPTIONS(.host = HOST, .application_name = name));
    assert_int_equal(strlen(settings.application_name), 63);
    assert_memory_equal(settings.application_name, name, 50);
    assert_string_equal(&settings.application_name[50], ":" OWN);
    settings_clear(&settings);
    settings = resolved(DSQL_OPTIONS(.host = HOST, .application_name = &name[1]));
    assert_int_equal(strlen(settings.application_name), 62); /* the 25th does not fit whole */
    assert_string_equal(&settings.application_name[49], ":" OWN);
    settings_clear(&settings);
}

static void token_seconds_come_from_the_string_too(void **state)
{
    (void)state;
    const char *string = "postgres://" HOST "?tokenDurationSecs=60";
    struct settings settings = resolved(DSQL_OPTIONS(.conninfo = string));
    assert_int_equal(settings.token_seconds, 60);
    settings_clear(&settings);
    settings = resolved(DSQL_OPTIONS(.conninfo = string, .token_seconds = 604800));
    assert_int_equal(settings.token_seconds, 604800);
    settings_clear(&settings);
}

static void token_seconds_outside_a_week_are_refused(void **state)
{
    (void)state;
    expect_failure(DSQL_OPTIONS(.host = HOST, .token_seconds = -1), "token_seconds");
    expect_failure(DSQL_OPTIONS(.host = HOST, .token_seconds = 604801), "604800");
    expect_failure(DSQL_OPTIONS(.conninfo = "host=" HOST " tokenDurationSecs=abc"),
                   "tokenDurationSecs");
    expect_failure(DSQL_OPTIONS(.conninfo = "host=" HOST " tokenDurationSecs=604801"),
                   "tokenDurationSecs");
}

static void connect_timeout_is_in_seconds_as_in_libpq(void **state)
{
    (void)state;
    struct settings settings =
        resolved(DSQL_OPTIONS(.conninfo = "host=" HOST " connect_timeout=3"));
    assert_int_equal(settings.connect_timeout_ms, 3000);
    assert_int_equal(settings.pair_count, 0);
    settings_clear(&settings);
    settings = resolved(DSQL_OPTIONS(.conninfo = "host=" HOST " connect_timeout=0"));
    assert_int_equal(settings.connect_timeout_ms, -1);
    settings_clear(&settings);
    settings = resolved(
        DSQL_OPTIONS(.conninfo = "host=" HOST " connect_timeout=3", .connect_timeout_ms = -1));
    assert_int_equal(settings.connect_timeout_ms, -1);
    settings_clear(&settings);
    expect_failure(DSQL_OPTIONS(.conninfo = "host=" HOST " connect_timeout=3s"), "connect_timeout");
}

static void further_libpq_keywords_are_kept_in_order(void **state)
{
    (void)state;
    const char *string = "host=" HOST " options='-c a=b' hostaddr=10.0.0.1 sslmode=verify-full "
                         "sslrootcert=/ca.pem keepalives=0";
    struct settings settings = resolved(DSQL_OPTIONS(.conninfo = string));
    assert_int_equal(settings.pair_count, 3);
    assert_string_equal(settings.pairs[0].keyword, "options");
    assert_string_equal(settings.pairs[0].value, "-c a=b");
    assert_string_equal(settings.pairs[1].keyword, "hostaddr");
    assert_string_equal(settings.pairs[2].keyword, "keepalives");
    assert_string_equal(settings.ca_file, "/ca.pem");
    settings_clear(&settings);
}

static void arrays_win_over_the_string(void **state)
{
    (void)state;
    const char *const keywords[] = {"user", "keepalives", "options", NULL};
    const char *const values[] = {"arr", "1", NULL, NULL};
    struct settings settings =
        resolved(DSQL_OPTIONS(.conninfo = "host=" HOST " user=str keepalives=0",
                              .pq_keywords = keywords, .pq_values = values));
    assert_string_equal(settings.user, "arr");
    assert_int_equal(settings.pair_count, 1);
    assert_string_equal(settings.pairs[0].value, "1");
    settings_clear(&settings);
}

static void arrays_are_checked_as_the_string_is(void **state)
{
    (void)state;
    const char *const keywords[] = {"password", NULL};
    const char *const values[] = {"hunter2", NULL};
    expect_failure(DSQL_OPTIONS(.host = HOST, .pq_keywords = keywords, .pq_values = values),
                   "the token is the password");
    expect_failure(DSQL_OPTIONS(.host = HOST, .pq_keywords = keywords), "pq_values");
}

static void what_would_weaken_the_connection_is_refused(void **state)
{
    (void)state;
    static const char *const keywords[][2] = {
        {"sslmode=disable", "verify-full"},
        {"sslmode=require", "verify-full"},
        {"sslmode=''", "verify-full"},
        {"sslnegotiation=postgres", "direct"},
        {"gssencmode=prefer", "disable"},
        {"password=hunter2", "the token is the password"},
        {"passfile=hunter2", "the token is the password"},
        {"service=x", "service file"},
        {"sslcompression=1", "compression"},
        {"sslsni=0", "sslsni"},
        {"ssl_min_protocol_version=TLSv1", "TLSv1.2"},
        {"ssl_max_protocol_version=TLSv1.1", "TLSv1.2"},
        {"require_auth=none", "libdsql sets it"},
    };
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        char string[200];
        snprintf(string, sizeof string, "host=" HOST " %s", keywords[i][0]);
        expect_failure(DSQL_OPTIONS(.conninfo = string), keywords[i][1]);
    }
}

static void an_unknown_keyword_is_named_with_the_valid_ones(void **state)
{
    (void)state;
    expect_failure(DSQL_OPTIONS(.conninfo = "host=" HOST " regoin=x"), "\"regoin\"");
    expect_failure(DSQL_OPTIONS(.conninfo = "postgres://" HOST "?regoin=x"), "tokenDurationSecs");
    expect_failure(DSQL_OPTIONS(.conninfo = "postgres://" HOST "?x=y"), "or any libpq keyword");
    expect_failure(DSQL_OPTIONS(.conninfo = "host=" HOST " hunter2!=x"), "unknown keyword");
}

static void options_without_struct_size_are_refused(void **state)
{
    (void)state;
    dsql_options options = {.host = HOST};
    expect_failure(&options, "DSQL_OPTIONS()");
    options.struct_size = offsetof(dsql_options, host);
    expect_failure(&options, "dsql_options_init()");
}

static void options_of_another_age_are_read_as_far_as_both_know(void **state)
{
    (void)state;
    dsql_options options = {.host = HOST, .user = "ann"};
    options.struct_size = offsetof(dsql_options, user); /* compiled before user existed */
    struct settings settings = resolved(&options);
    assert_string_equal(settings.user, "admin");
    settings_clear(&settings);
    options.struct_size = sizeof options + 64; /* compiled with fields we do not know */
    settings = resolved(&options);
    assert_string_equal(settings.user, "ann");
    settings_clear(&settings);
}

static dsql_status greet(PGconn *conn, void *arg, dsql_error *err)
{
    (void)conn;
    (void)arg;
    (void)err;
    return DSQL_OK;
}

static void part(PGconn *conn, void *arg)
{
    (void)conn;
    (void)arg;
}

static void the_hooks_of_the_pool_are_kept_with_their_arguments(void **state)
{
    (void)state;
    int args[4];
    struct settings settings =
        resolved(DSQL_OPTIONS(.host = HOST, .on_connect = greet, .on_connect_arg = &args[0],
                              .on_acquire = greet, .on_acquire_arg = &args[1], .on_release = part,
                              .on_release_arg = &args[2], .on_close = part,
                              .on_close_arg = &args[3], .reset_on_release = 1));
    assert_ptr_equal(settings.pool.on_connect_arg, &args[0]);
    assert_true(settings.pool.on_acquire == greet && settings.pool.on_acquire_arg == &args[1]);
    assert_true(settings.pool.on_release == part && settings.pool.on_release_arg == &args[2]);
    assert_true(settings.pool.on_close == part && settings.pool.on_close_arg == &args[3]);
    assert_true(settings.pool.reset_on_release);
    settings_clear(&settings);
}

/* A program compiled before validate_idle_s and the hooks were there, on a stack full of rubbish.
 */
static void an_older_caller_gets_the_defaults_of_newer_fields(void **state)
{
    (void)state;
    dsql_options options;
    memset(&options, 0x5a, sizeof options);
    memset(&options, 0, offsetof(dsql_options, validate_idle_s));
    options.host = HOST;
    options.acquire_timeout_ms = 70;
    options.struct_size = offsetof(dsql_options, validate_idle_s);
    struct settings settings = resolved(&options);
    assert_int_equal(settings.pool.acquire_timeout_ms, 70);
    assert_int_equal(settings.pool.validate_idle_s, 30);
    assert_false(settings.pool.reset_on_release);
    assert_null(settings.pool.on_close);
    assert_int_equal(settings.retry.max_attempts, 8);
    assert_null(settings.logger.write);
    settings_clear(&settings);
}

static void pgappname_is_the_default_name(void **state)
{
    (void)state;
    setenv("PGAPPNAME", "shop", 1);
    struct settings settings = resolved(DSQL_OPTIONS(.host = HOST));
    assert_memory_equal(settings.application_name, "shop:dsql-c/", 12);
    settings_clear(&settings);
    settings = resolved(DSQL_OPTIONS(.host = HOST, .application_name = "mine"));
    assert_memory_equal(settings.application_name, "mine:dsql-c/", 12);
    settings_clear(&settings);
    unsetenv("PGAPPNAME");
}

static void absurd_numbers_are_refused_by_name(void **state)
{
    (void)state;
    expect_failure(DSQL_OPTIONS(.host = HOST, .pool_max = -1), "pool_max");
    expect_failure(DSQL_OPTIONS(.host = HOST, .pool_max = INT_MAX), "pool_max");
    expect_failure(DSQL_OPTIONS(.host = HOST, .pool_min_idle = -1), "pool_min_idle");
    expect_failure(DSQL_OPTIONS(.host = HOST, .pool_min_idle = 11), "greater than pool_max");
    expect_failure(DSQL_OPTIONS(.host = HOST, .max_lifetime_s = 3601), "max_lifetime_s");
    expect_failure(DSQL_OPTIONS(.host = HOST, .max_idle_s = -1), "max_idle_s");
    expect_failure(DSQL_OPTIONS(.host = HOST, .acquire_timeout_ms = -2), "acquire_timeout_ms");
    expect_failure(DSQL_OPTIONS(.host = HOST, .validate_idle_s = -2), "validate_idle_s");
    expect_failure(DSQL_OPTIONS(.host = HOST, .connect_timeout_ms = -2), "connect_timeout_ms");
    expect_failure(DSQL_OPTIONS(.host = HOST, .max_attempts = -1), "max_attempts");
    expect_failure(DSQL_OPTIONS(.host = HOST, .retry_base_ms = INT_MIN), "retry_base_ms");
    expect_failure(DSQL_OPTIONS(.host = HOST, .retry_base_ms = 1001), "greater than retry_max_ms");
    expect_failure(DSQL_OPTIONS(.host = HOST, .transaction_timeout_ms = -2),
                   "transaction_timeout_ms");
    expect_failure(DSQL_OPTIONS(.host = HOST, .statement_timeout_ms = -2), "statement_timeout_ms");
}

static void minus_one_waits_for_ever(void **state)
{
    (void)state;
    struct settings settings =
        resolved(DSQL_OPTIONS(.host = HOST, .acquire_timeout_ms = -1, .connect_timeout_ms = -1,
                              .validate_idle_s = -1, .transaction_timeout_ms = -1));
    assert_int_equal(settings.pool.acquire_timeout_ms, -1);
    assert_int_equal(settings.pool.validate_idle_s, -1);
    assert_int_equal(settings.connect_timeout_ms, -1);
    assert_int_equal(settings.retry.timeout_ms, -1);
    settings_clear(&settings);
}

static void retry_needs_neither_host_nor_options(void **state)
{
    (void)state;
    struct retry_settings retry;
    struct logger logger;
    assert_int_equal(settings_resolve_retry(NULL, &retry, &logger, NULL), DSQL_OK);
    assert_int_equal(retry.max_attempts, 8);
    const dsql_options *options = DSQL_OPTIONS(.max_attempts = 1, .retry_max_ms = 20);
    assert_int_equal(settings_resolve_retry(options, &retry, &logger, NULL), DSQL_OK);
    assert_int_equal(retry.max_attempts, 1);
    assert_int_equal(retry.base_ms, 20); /* the default cannot be above the maximum */
    options = DSQL_OPTIONS(.max_attempts = 1001);
    assert_int_equal(settings_resolve_retry(options, &retry, &logger, NULL), DSQL_ERR_USAGE);
}

static void retries_in_the_string_come_after_a_first_try(void **state)
{
    (void)state;
    const char *string = "postgres://" HOST "?occMaxRetries=3";
    struct settings settings = resolved(DSQL_OPTIONS(.conninfo = string));
    assert_int_equal(settings.retry.max_attempts, 4);
    assert_int_equal(settings.pair_count, 0); /* libpq does not know it */
    settings_clear(&settings);
    settings = resolved(DSQL_OPTIONS(.conninfo = string, .max_attempts = 2));
    assert_int_equal(settings.retry.max_attempts, 2);
    settings_clear(&settings);
    settings = resolved(DSQL_OPTIONS(.conninfo = "host=" HOST " occMaxRetries=0"));
    assert_int_equal(settings.retry.max_attempts, 1);
    settings_clear(&settings);
    expect_failure(DSQL_OPTIONS(.conninfo = "host=" HOST " occMaxRetries=x"), "occMaxRetries");
    expect_failure(DSQL_OPTIONS(.conninfo = "host=" HOST " occMaxRetries=-1"), "occMaxRetries");
    expect_failure(DSQL_OPTIONS(.conninfo = "host=" HOST " occMaxRetries=1000"), "999");
}

static void a_transaction_of_its_own_reads_the_string_too(void **state)
{
    (void)state;
    struct retry_settings retry;
    struct logger logger;
    const dsql_options *options = DSQL_OPTIONS(.conninfo = "occMaxRetries=1");
    assert_int_equal(settings_resolve_retry(options, &retry, &logger, NULL), DSQL_OK);
    assert_int_equal(retry.max_attempts, 2);
}

static void settings_hold_a_reference_to_the_credentials(void **state)
{
    (void)state;
    dsql_credentials_provider *provider = dsql_credentials_static("AKIDEXAMPLE", "key", NULL, NULL);
    assert_non_null(provider);
    struct settings settings = resolved(DSQL_OPTIONS(.host = HOST, .credentials = provider));
    dsql_credentials_unref(provider);
    assert_ptr_equal(settings.credentials, provider);
    settings_clear(&settings); /* the last one: a sanitizer sees a leak or a second free */
    assert_null(settings.credentials);
    settings_clear(&settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_host_is_enough, clear_environment),
        cmocka_unit_test_setup(the_pool_and_retry_defaults_are_those_of_the_header,
                               clear_environment),
        cmocka_unit_test_setup(no_host_is_refused, clear_environment),
        cmocka_unit_test_setup(fields_win_over_string_over_environment, clear_environment),
        cmocka_unit_test_setup(blank_is_as_good_as_unset, clear_environment),
        cmocka_unit_test_setup(the_port_is_from_1_to_65535, clear_environment),
        cmocka_unit_test_setup(a_name_has_at_most_63_bytes, clear_environment),
        cmocka_unit_test_setup(the_application_name_ends_with_ours, clear_environment),
        cmocka_unit_test_setup(a_long_application_name_is_cut_at_a_whole_character,
                               clear_environment),
        cmocka_unit_test_setup(token_seconds_come_from_the_string_too, clear_environment),
        cmocka_unit_test_setup(token_seconds_outside_a_week_are_refused, clear_environment),
        cmocka_unit_test_setup(connect_timeout_is_in_seconds_as_in_libpq, clear_environment),
        cmocka_unit_test_setup(further_libpq_keywords_are_kept_in_order, clear_environment),
        cmocka_unit_test_setup(arrays_win_over_the_string, clear_environment),
        cmocka_unit_test_setup(arrays_are_checked_as_the_string_is, clear_environment),
        cmocka_unit_test_setup(what_would_weaken_the_connection_is_refused, clear_environment),
        cmocka_unit_test_setup(an_unknown_keyword_is_named_with_the_valid_ones, clear_environment),
        cmocka_unit_test_setup(options_without_struct_size_are_refused, clear_environment),
        cmocka_unit_test_setup(options_of_another_age_are_read_as_far_as_both_know,
                               clear_environment),
        cmocka_unit_test_setup(the_hooks_of_the_pool_are_kept_with_their_arguments,
                               clear_environment),
        cmocka_unit_test_setup(an_older_caller_gets_the_defaults_of_newer_fields,
                               clear_environment),
        cmocka_unit_test_setup(pgappname_is_the_default_name, clear_environment),
        cmocka_unit_test_setup(absurd_numbers_are_refused_by_name, clear_environment),
        cmocka_unit_test_setup(minus_one_waits_for_ever, clear_environment),
        cmocka_unit_test_setup(retry_needs_neither_host_nor_options, clear_environment),
        cmocka_unit_test_setup(retries_in_the_string_come_after_a_first_try, clear_environment),
        cmocka_unit_test_setup(a_transaction_of_its_own_reads_the_string_too, clear_environment),
        cmocka_unit_test_setup(settings_hold_a_reference_to_the_credentials, clear_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
