/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "config/privatelink.h"
#include "config/settings.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define VPCE "vpce-0a1b-xyz.dsql-fnh4.us-east-1.vpce.amazonaws.com"
#define ID   "abcdefghijklmnopqrstuvwxyz"

static void names_of_interface_endpoints_are_known(void **state)
{
    (void)state;
    assert_true(privatelink_is_host(VPCE));
    assert_true(privatelink_is_host("VPCE-0a1b-xyz-us-east-1a.DSQL-fnh4.us-east-1.vpce.amazonaws."
                                    "com."));
    static const char *const others[] = {
        "",
        ID ".dsql.us-east-1.on.aws",
        ID ".dsql-fnh4.us-east-1.on.aws",
        "vpce-1.rds.us-east-1.vpce.amazonaws.com",
        "vpce-1.dsql-fnh4.us-east-1.vpce.amazonaws.com.evil.com",
        "vpce-1.dsql-fnh4.vpce.amazonaws.com",
        "dsql-fnh4.us-east-1.vpce.amazonaws.com",
        "x.vpce-1.dsql-fnh4.us-east-1.vpce.amazonaws.com",
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(privatelink_is_host(others[i]));
    }
    assert_false(privatelink_is_host(NULL));
}

static void every_spelling_of_the_cluster_id_is_taken_out(void **state)
{
    (void)state;
    static const char *const spellings[][2] = {
        {"-c amzn-cluster-id=" ID, NULL},
        {"-camzn-cluster-id=" ID, NULL},
        {"--amzn-cluster-id=" ID, NULL},
        {"amzn-cluster-id=" ID, NULL},
        {" -c search_path=a\\ b  -c amzn-cluster-id=" ID " --timezone=UTC",
         "-c search_path=a\\ b --timezone=UTC"},
    };
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        struct privatelink link;
        assert_int_equal(privatelink_resolve(VPCE, spellings[i][0], &link, NULL), DSQL_OK);
        assert_string_equal(link.via, VPCE);
        assert_string_equal(link.host, ID ".dsql-fnh4.us-east-1.on.aws");
        if (spellings[i][1] == NULL) {
            assert_null(link.options);
        } else {
            assert_string_equal(link.options, spellings[i][1]);
        }
        privatelink_clear(&link);
    }
}

static void without_a_cluster_id_it_says_what_is_missing(void **state)
{
    (void)state;
    static const char *const options[] = {
        NULL,
        "",
        "-c search_path=x",
        "-c amzn-cluster-id=short",
        "-c",
        "amzn-cluster-id",
        "-c amzn-cluster-id=ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        struct privatelink link;
        dsql_error err = {0};
        assert_int_equal(privatelink_resolve(VPCE, options[i], &link, &err), DSQL_ERR_USAGE);
        assert_non_null(strstr(err.message, "amzn-cluster-id=ID"));
    }
}

static void settings_have_both_names(void **state)
{
    (void)state;
    unsetenv("AWS_REGION");
    struct settings settings;
    dsql_error err = {0};
    assert_int_equal(
        settings_resolve(DSQL_OPTIONS(.conninfo = "host=" VPCE " options='-c amzn-cluster-id=" ID
                                                  " -c timezone=UTC'"),
                         &settings, &err),
        DSQL_OK);
    assert_string_equal(settings.endpoint.host, ID ".dsql-fnh4.us-east-1.on.aws");
    assert_string_equal(settings.endpoint.region, "us-east-1");
    assert_string_equal(settings.via, VPCE);
    assert_int_equal(settings.pair_count, 1);
    assert_string_equal(settings.pairs[0].keyword, "options");
    assert_string_equal(settings.pairs[0].value, "-c timezone=UTC");
    settings_clear(&settings);
    assert_int_equal(settings_resolve(DSQL_OPTIONS(.host = VPCE), &settings, &err), DSQL_ERR_USAGE);
}

static void a_name_of_private_dns_stays_as_it_is(void **state)
{
    (void)state;
    struct settings settings;
    dsql_error err = {0};
    assert_int_equal(
        settings_resolve(DSQL_OPTIONS(.host = ID ".dsql-fnh4.us-east-1.on.aws"), &settings, &err),
        DSQL_OK);
    assert_string_equal(settings.endpoint.host, ID ".dsql-fnh4.us-east-1.on.aws");
    assert_string_equal(settings.endpoint.region, "us-east-1");
    assert_null(settings.via);
    settings_clear(&settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_interface_endpoints_are_known),
        cmocka_unit_test(every_spelling_of_the_cluster_id_is_taken_out),
        cmocka_unit_test(without_a_cluster_id_it_says_what_is_missing),
        cmocka_unit_test(settings_have_both_names),
        cmocka_unit_test(a_name_of_private_dns_stays_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
