/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "credentials/cache/provider.h"
#include "credentials/credentials.h"
#include "unit.h"

static void all_values_are_copied(void **state)
{
    (void)state;
    struct dsql_credentials credentials = {0};
    char id[] = "AKID";
    assert_int_equal(dsql_credentials_set(&credentials, id, "secret", "token", 42), DSQL_OK);
    id[0] = 'X';
    assert_string_equal(secret_string(&credentials.access_key_id), "AKID");
    assert_string_equal(secret_string(&credentials.secret_access_key), "secret");
    assert_string_equal(secret_string(&credentials.session_token), "token");
    assert_int_equal(credentials.expires_at, 42);
    credentials_clear(&credentials);
    assert_true(secret_is_empty(&credentials.secret_access_key));
    assert_int_equal(credentials.expires_at, 0);
}

static void empty_session_token_is_none(void **state)
{
    (void)state;
    struct dsql_credentials credentials = {0};
    assert_int_equal(dsql_credentials_set(&credentials, "AKID", "secret", "", 0), DSQL_OK);
    assert_true(secret_is_empty(&credentials.session_token));
    assert_int_equal(dsql_credentials_set(&credentials, "AKID", "secret", NULL, 0), DSQL_OK);
    credentials_clear(&credentials);
}

static void unusable_values_are_refused_and_change_nothing(void **state)
{
    (void)state;
    static const char *const bad[][3] = {
        {NULL, "secret", NULL},     {"AKID", NULL, NULL},
        {"", "secret", NULL},       {"AKID", "", NULL},
        {"AK\nID", "secret", NULL}, {"AKID", "sec\tret", NULL},
        {"AKID", "secret ", NULL},  {"AKID", "secret", "token\x7f"},
        {"AK/ID", "secret", NULL},
    };
    struct dsql_credentials credentials = {0};
    assert_int_equal(dsql_credentials_set(&credentials, "AKID", "secret", NULL, 0), DSQL_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(dsql_credentials_set(&credentials, bad[i][0], bad[i][1], bad[i][2], 0),
                         DSQL_ERR_USAGE);
    }
    assert_int_equal(dsql_credentials_set(&credentials, "AKID", "secret", NULL, -1),
                     DSQL_ERR_USAGE);
    assert_int_equal(dsql_credentials_set(NULL, "AKID", "secret", NULL, 0), DSQL_ERR_USAGE);
    assert_string_equal(secret_string(&credentials.access_key_id), "AKID");
    credentials_clear(&credentials);
}

static void static_provider_gives_what_it_was_given(void **state)
{
    (void)state;
    struct dsql_credentials got = {0};
    dsql_credentials_provider *provider = dsql_credentials_static("AKID", "secret", "token", NULL);
    assert_non_null(provider);
    assert_int_equal(credentials_get(provider, clock_system(), &got, NULL), DSQL_OK);
    assert_string_equal(secret_string(&got.access_key_id), "AKID");
    assert_string_equal(secret_string(&got.secret_access_key), "secret");
    assert_string_equal(secret_string(&got.session_token), "token");
    credentials_clear(&got);
    dsql_credentials_unref(provider);
}

static void static_provider_does_not_repeat_a_bad_key_in_its_error(void **state)
{
    (void)state;
    dsql_error err = {0};
    assert_null(dsql_credentials_static("AKID", "hush hush", NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_USAGE);
    assert_false(text_contains(text_of(err.message), "hush"));
}

static void fetched_copy_can_be_read_and_outlives_its_provider(void **state)
{
    (void)state;
    dsql_credentials_provider *provider = dsql_credentials_static("AKID", "secret", "token", NULL);
    dsql_credentials *copy = dsql_credentials_fetch(provider, NULL);
    dsql_credentials_unref(provider);
    assert_non_null(copy);
    assert_string_equal(dsql_credentials_access_key_id(copy), "AKID");
    assert_string_equal(dsql_credentials_secret_access_key(copy), "secret");
    assert_string_equal(dsql_credentials_session_token(copy), "token");
    assert_int_equal(dsql_credentials_expires_at(copy), 0);
    dsql_credentials_free(copy);
}

static dsql_status refuse(void *arg, dsql_credentials *out, dsql_error *err)
{
    (void)arg;
    (void)out;
    return (fail)(err, DSQL_ERR_CREDENTIALS, "the vault is shut"); /* cmocka has such a macro */
}

static dsql_status give_short_lived(void *arg, dsql_credentials *out, dsql_error *err)
{
    (void)err;
    return dsql_credentials_set(out, "AKID", "secret", NULL, *(int64_t *)arg);
}

static void fetching_fails_with_the_words_of_the_source(void **state)
{
    (void)state;
    dsql_error err = {0};
    dsql_credentials_provider *provider = dsql_credentials_custom(refuse, NULL, NULL, NULL);
    assert_null(dsql_credentials_fetch(provider, &err));
    assert_int_equal(err.status, DSQL_ERR_CREDENTIALS);
    assert_string_equal(err.message, "the vault is shut");
    dsql_credentials_unref(provider);
    assert_null(dsql_credentials_fetch(NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_USAGE);
}

static void fetched_copy_knows_its_end_and_has_no_token_of_long_term_keys(void **state)
{
    (void)state;
    int64_t end = INT64_C(9999999999);
    dsql_credentials_provider *provider =
        dsql_credentials_custom(give_short_lived, NULL, &end, NULL);
    dsql_credentials *copy = dsql_credentials_fetch(provider, NULL);
    assert_int_equal(dsql_credentials_expires_at(copy), end);
    assert_string_equal(dsql_credentials_session_token(copy), "");
    dsql_credentials_free(copy);
    dsql_credentials_unref(provider);
}

static void no_credentials_read_as_empty(void **state)
{
    (void)state;
    assert_string_equal(dsql_credentials_access_key_id(NULL), "");
    assert_string_equal(dsql_credentials_secret_access_key(NULL), "");
    assert_string_equal(dsql_credentials_session_token(NULL), "");
    assert_int_equal(dsql_credentials_expires_at(NULL), 0);
    dsql_credentials_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_values_are_copied),
        cmocka_unit_test(empty_session_token_is_none),
        cmocka_unit_test(unusable_values_are_refused_and_change_nothing),
        cmocka_unit_test(static_provider_gives_what_it_was_given),
        cmocka_unit_test(static_provider_does_not_repeat_a_bad_key_in_its_error),
        cmocka_unit_test(fetched_copy_can_be_read_and_outlives_its_provider),
        cmocka_unit_test(fetching_fails_with_the_words_of_the_source),
        cmocka_unit_test(fetched_copy_knows_its_end_and_has_no_token_of_long_term_keys),
        cmocka_unit_test(no_credentials_read_as_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
