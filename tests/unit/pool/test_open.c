/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* dsql_pool_open(): what can be tested without a cluster. */
#include "base/error.h"
#include "unit.h"

#include <dsql.h>

static void pool_needs_options(void **state)
{
    (void)state;
    dsql_error err = {0};
    assert_null(dsql_pool_open(NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_USAGE);
}

static void pool_rejects_invalid_options(void **state)
{
    (void)state;
    dsql_error err = {0};
    assert_null(dsql_pool_open(DSQL_OPTIONS(.host = "not a host"), &err));
    assert_int_equal(err.status, DSQL_ERR_USAGE);
}

static dsql_status refuse(void *arg, dsql_credentials *out, dsql_error *err)
{
    int *calls = arg;
    (void)out;
    (*calls)++;
    return (fail)(err, DSQL_ERR_CREDENTIALS, "none today");
}

static void pool_checks_its_options_when_it_opens(void **state)
{
    (void)state;
    int calls = 0;
    dsql_credentials_provider *provider = dsql_credentials_custom(refuse, NULL, &calls, NULL);
    dsql_error err = {0};
    assert_null(dsql_pool_open(
        DSQL_OPTIONS(.host = "localhost", .region = "us-east-1", .credentials = provider), &err));
    assert_int_equal(err.status, DSQL_ERR_CREDENTIALS);
    assert_int_equal(calls, 1);
    dsql_credentials_unref(provider);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pool_needs_options),
        cmocka_unit_test(pool_rejects_invalid_options),
        cmocka_unit_test(pool_checks_its_options_when_it_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
