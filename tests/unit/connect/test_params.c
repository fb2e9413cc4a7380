/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "config/system_trust.h"
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

static void libpq_15_gets_only_keywords_that_it_knows(void **state)
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

/* libpq 15 would look for a file of that name. */
static void an_older_libpq_gets_the_systems_file_for_system(void **state)
{
    (void)state;
    struct settings settings = example();
    static char system[] = "system";
    settings.ca_file = system;
    dsql_error err;
    dsql_params *params = params_build(&settings, "token", 150000, resolver_system(), &err);
    const char *file = system_trust_file();
    if (file == NULL) {
        assert_null(params);
        assert_int_equal(err.status, DSQL_ERR_CONNECT);
        return;
    }
    assert_non_null(params);
    assert_string_equal(value_of(params, "sslrootcert"), file);
    dsql_params_free(params);
    params = params_build(&settings, "token", 160000, resolver_system(), &err);
    assert_non_null(params);
    assert_string_equal(value_of(params, "sslrootcert"), "system");
    dsql_params_free(params);
}

static void an_older_libpq_gets_the_systems_file_for_pgsslrootcert_too(void **state)
{
    (void)state;
    struct settings settings = example();
    settings.ca_file = NULL;
    setenv("PGSSLROOTCERT", "system", 1);
    dsql_error err;
    dsql_params *params = params_build(&settings, "token", 150000, resolver_system(), &err);
    unsetenv("PGSSLROOTCERT");
    const char *file = system_trust_file();
    assert_int_equal(params != NULL, file != NULL);
    if (params != NULL) {
        assert_string_equal(value_of(params, "sslrootcert"), file);
    }
    dsql_params_free(params);
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

static dsql_params *built(const struct settings *settings, int libpq_version)
{
    dsql_error err = {0};
    dsql_params *params = params_build(settings, "token", libpq_version, resolver_system(), &err);
    if (params == NULL) {
        fail_msg("%s", err.message);
    }
    return params;
}

static void a_dead_network_is_noticed_within_a_minute(void **state)
{
    (void)state;
    struct settings settings = example();
    settings.connect_timeout_ms = 10001;
    dsql_params *params = built(&settings, 150000);
    assert_string_equal(value_of(params, "connect_timeout"), "11");
    assert_string_equal(value_of(params, "keepalives"), "1");
    assert_string_equal(value_of(params, "keepalives_idle"), "30");
    assert_string_equal(value_of(params, "keepalives_interval"), "10");
    assert_string_equal(value_of(params, "keepalives_count"), "3");
    assert_string_equal(value_of(params, "tcp_user_timeout"), "55000");
    dsql_params_free(params);
    settings.connect_timeout_ms = -1;
    params = built(&settings, 150000);
    assert_string_equal(value_of(params, "connect_timeout"), "0");
    dsql_params_free(params);
}

static int count_of(const dsql_params *params, const char *keyword)
{
    int count = 0;
    const char *const *keywords = dsql_params_keywords(params);
    for (size_t i = 0; keywords[i] != NULL; i++) {
        count += strcmp(keywords[i], keyword) == 0 ? 1 : 0;
    }
    return count;
}

static char *writable(const char *text)
{
    return (char *)(uintptr_t)text;
}

static void a_keyword_of_the_caller_wins(void **state)
{
    (void)state;
    struct pq_pair own[] = {{writable("keepalives_idle"), writable("7")},
                            {writable("ssl_min_protocol_version"), writable("TLSv1.3")},
                            {writable("sslcert"), writable("/c")},
                            {writable("sslcrldir"), writable("/crls")}};
    struct settings settings = example();
    settings.pairs = own;
    settings.pair_count = sizeof own / sizeof own[0];
    dsql_params *params = built(&settings, 160000);
    for (size_t i = 0; i < settings.pair_count; i++) {
        assert_string_equal(value_of(params, own[i].keyword), own[i].value);
        assert_int_equal(count_of(params, own[i].keyword), 1);
    }
    assert_null(value_of(params, "sslkey"));      /* belongs to the caller's sslcert */
    assert_null(value_of(params, "sslcertmode")); /* so does this */
    assert_null(value_of(params, "sslcrl"));      /* a missing file would undo sslcrldir */
    dsql_params_free(params);
}

static void pgsslcrl_does_not_override_the_sslcrldir_of_the_caller(void **state)
{
    (void)state;
    struct pq_pair own[] = {{writable("sslcrldir"), writable("/crls")}};
    struct settings settings = example();
    settings.pairs = own;
    settings.pair_count = 1;
    dsql_error err = {0};
    setenv("PGSSLCRL", "/none", 1);
    assert_null(params_build(&settings, "token", 150000, resolver_system(), &err));
    assert_int_equal(err.status, DSQL_ERR_USAGE);
    unsetenv("PGSSLCRL");
}

static void sslcrl_is_libpq_s_default_file(void **state)
{
    (void)state;
    struct settings settings = example();
    setenv("HOME", "/home/ann", 1);
    dsql_params *params = built(&settings, 150000);
    assert_string_equal(value_of(params, "sslcrl"), "/home/ann/.postgresql/root.crl");
    dsql_params_free(params);
    setenv("HOME", "/nonexistent", 1);
}

static void newer_libpq_gets_newer_keywords(void **state)
{
    (void)state;
    static const char *const since_16[] = {"sslcertmode", "load_balance_hosts"};
    static const char *const since_18[] = {"min_protocol_version", "max_protocol_version"};
    struct settings settings = example();
    for (int version = 150000; version <= 180000; version += 10000) {
        dsql_params *params = built(&settings, version);
        for (size_t i = 0; i < 2; i++) {
            assert_int_equal(count_of(params, since_16[i]), version >= 160000 ? 1 : 0);
            assert_int_equal(count_of(params, since_18[i]), version >= 180000 ? 1 : 0);
        }
        dsql_params_free(params);
    }
}

/* ---- Interface endpoints ---- */

static dsql_status three_addresses(void *arg, const char *name, struct addresses *out,
                                   dsql_error *err)
{
    int *calls = arg;
    (void)err;
    (*calls)++;
    assert_string_equal(name, "vpce.example");
    out->count = 3;
    memcpy(out->items[0], "10.0.0.1", 9);
    memcpy(out->items[1], "10.0.1.1", 9);
    memcpy(out->items[2], "fd00::1", 8);
    return DSQL_OK;
}

static dsql_status no_address(void *arg, const char *name, struct addresses *out, dsql_error *err)
{
    (void)arg;
    (void)name;
    (void)out;
    (void)err;
    return DSQL_OK;
}

static char via[] = "vpce.example";

static void an_interface_endpoint_gives_addresses_under_the_cluster_s_name(void **state)
{
    (void)state;
    int calls = 0;
    const struct resolver resolver = {three_addresses, &calls};
    struct settings settings = example();
    settings.via = via;
    dsql_error err = {0};
    dsql_params *params = params_build(&settings, "token", 150000, &resolver, &err);
    assert_non_null(params);
    assert_string_equal(value_of(params, "host"), "h.example,h.example,h.example");
    assert_string_equal(value_of(params, "hostaddr"), "10.0.0.1,10.0.1.1,fd00::1");
    assert_string_equal(value_of(params, "sslmode"), "verify-full");
    dsql_params_free(params);
    setenv("PGHOSTADDR", "127.0.0.1", 1);
    params = params_build(&settings, "token", 150000, &resolver, &err);
    assert_string_equal(value_of(params, "host"), "h.example");
    assert_null(value_of(params, "hostaddr"));
    dsql_params_free(params);
    unsetenv("PGHOSTADDR");
    assert_int_equal(calls, 1);
}

static void an_interface_endpoint_without_address_is_an_error(void **state)
{
    (void)state;
    const struct resolver resolver = {.lookup = no_address};
    struct settings settings = example();
    settings.via = via;
    dsql_error err = {0};
    assert_null(params_build(&settings, "token", 150000, &resolver, &err));
    assert_int_equal(err.status, DSQL_ERR_CONNECT);
    assert_string_equal(err.message, "the host name vpce.example has no address");
}

static void the_system_resolver_resolves_names_and_reports_errors(void **state)
{
    (void)state;
    struct addresses found;
    dsql_error err = {0};
    assert_int_equal(resolver_lookup(resolver_system(), "127.0.0.1", &found, &err), DSQL_OK);
    assert_string_equal(found.items[0], "127.0.0.1");
    assert_int_equal(resolver_lookup(resolver_system(), "::1", &found, &err), DSQL_OK);
    assert_string_equal(found.items[0], "::1");
    assert_int_equal(resolver_lookup(resolver_system(), "no such name", &found, &err),
                     DSQL_ERR_CONNECT);
    assert_non_null(strstr(err.message, "no such name"));
}

static void freeing_nothing_does_nothing(void **state)
{
    (void)state;
    dsql_params_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(libpq_15_gets_only_keywords_that_it_knows),
        cmocka_unit_test(libpq_17_negotiates_tls_directly),
        cmocka_unit_test(without_any_file_libpq_16_trusts_the_system),
        cmocka_unit_test(pgsslrootcert_wins_over_the_system),
        cmocka_unit_test(an_older_libpq_gets_the_systems_file_for_system),
        cmocka_unit_test(an_older_libpq_gets_the_systems_file_for_pgsslrootcert_too),
        cmocka_unit_test(a_token_made_before_needs_no_credentials),
        cmocka_unit_test(a_dead_network_is_noticed_within_a_minute),
        cmocka_unit_test(a_keyword_of_the_caller_wins),
        cmocka_unit_test(pgsslcrl_does_not_override_the_sslcrldir_of_the_caller),
        cmocka_unit_test(sslcrl_is_libpq_s_default_file),
        cmocka_unit_test(newer_libpq_gets_newer_keywords),
        cmocka_unit_test(an_interface_endpoint_gives_addresses_under_the_cluster_s_name),
        cmocka_unit_test(an_interface_endpoint_without_address_is_an_error),
        cmocka_unit_test(the_system_resolver_resolves_names_and_reports_errors),
        cmocka_unit_test(freeing_nothing_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
