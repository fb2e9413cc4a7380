/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "connect/params.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static struct pq_pair pairs[] = {{(char *)(uintptr_t) "options", (char *)(uintptr_t) "-c x=y"}};
static char ca[] = "/ca.pem";

static struct settings example(void)
{
    return (struct settings){
        .endpoint = {.host = "h.example", .region = "us-east-1"},
        .user = "admin",
        .dbname = "postgres",
        .port = "5432",
        .application_name = "dsql-c/0.1.0",
        .ca_file = ca,
        .pairs = pairs,
        .pair_count = 1,
    };
}

static const char *value_of(const dsql_params *params, const char *keyword)
{
    const char *const *keywords = dsql_params_keywords(params);
    for (size_t i = 0; keywords[i] != NULL; i++) {
        if (strcmp(keywords[i], keyword) == 0) {
            return dsql_params_values(params)[i];
        }
    }
    return NULL;
}

static void a_libpq_of_bookworm_gets_only_what_it_knows(void **state)
{
    (void)state;
    struct settings settings = example();
    dsql_error err;
    dsql_params *params = params_build(&settings, "token", 150000, resolver_system(), &err);
    assert_non_null(params);
    assert_string_equal(value_of(params, "sslmode"), "verify-full");
    assert_string_equal(value_of(params, "sslrootcert"), "/ca.pem");
    assert_string_equal(value_of(params, "password"), "token");
    assert_string_equal(value_of(params, "options"), "-c x=y");
    assert_null(value_of(params, "sslnegotiation"));
    assert_null(value_of(params, "require_auth"));
    dsql_params_free(params);
}

static void libpq_17_negotiates_tls_directly(void **state)
{
    (void)state;
    struct settings settings = example();
    dsql_error err;
    dsql_params *params = params_build(&settings, "token", 170000, resolver_system(), &err);
    assert_non_null(params);
    assert_string_equal(value_of(params, "sslnegotiation"), "direct");
    assert_string_equal(value_of(params, "require_auth"), "password");
    dsql_params_free(params);
}

static void without_any_file_libpq_16_trusts_the_system(void **state)
{
    (void)state;
    struct settings settings = example();
    settings.ca_file = NULL;
    unsetenv("PGSSLROOTCERT");
    setenv("HOME", "/nonexistent", 1);
    dsql_error err;
    dsql_params *params = params_build(&settings, "token", 160000, resolver_system(), &err);
    assert_non_null(params);
    assert_string_equal(value_of(params, "sslrootcert"), "system");
    dsql_params_free(params);
}

static void pgsslrootcert_wins_over_the_system(void **state)
{
    (void)state;
    struct settings settings = example();
    settings.ca_file = NULL;
    setenv("PGSSLROOTCERT", "/from/env.pem", 1);
    dsql_error err;
    dsql_params *params = params_build(&settings, "token", 160000, resolver_system(), &err);
    assert_non_null(params);
    assert_string_equal(value_of(params, "sslrootcert"), "/from/env.pem");
    dsql_params_free(params);
    unsetenv("PGSSLROOTCERT");
}

static void a_token_made_before_needs_no_credentials(void **state)
{
    (void)state;
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    dsql_error err;
    const dsql_options *options = DSQL_OPTIONS(.host = "c.dsql.us-east-1.on.aws", .ca_file = ca);
    dsql_params *params = dsql_params_new_with_token(options, "made before", &err);
    assert_non_null(params);
    assert_string_equal(value_of(params, "password"), "made before");
    assert_string_equal(value_of(params, "host"), "c.dsql.us-east-1.on.aws");
    dsql_params_free(params);
    assert_null(dsql_params_new_with_token(options, "", &err));
    assert_int_equal(err.status, DSQL_ERR_USAGE);
    assert_null(dsql_params_new_with_token(options, NULL, &err));
}

static void freeing_nothing_does_nothing(void **state)
{
    (void)state;
    dsql_params_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_libpq_of_bookworm_gets_only_what_it_knows),
        cmocka_unit_test(libpq_17_negotiates_tls_directly),
        cmocka_unit_test(without_any_file_libpq_16_trusts_the_system),
        cmocka_unit_test(pgsslrootcert_wins_over_the_system),
        cmocka_unit_test(a_token_made_before_needs_no_credentials),
        cmocka_unit_test(freeing_nothing_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
