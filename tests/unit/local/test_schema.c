/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "local/schema.h"
#include "unit.h"

static void labels_of_schemas_have_an_order(void **state)
{
    (void)state;
    assert_int_equal(schema_version_number(""), 0);
    assert_int_equal(schema_version_number("dsql_local 1.0"), 1);
    assert_int_equal(schema_version_number("dsql_local 2.91a3d3badaff"), 2);
    assert_int_equal(schema_version_number("dsql_local 99"), 99);
    assert_int_equal(schema_version_number("dsql_local "), -1);
    assert_int_equal(schema_version_number("dsql_local x.1"), -1);
    assert_int_equal(schema_version_number("dsql_local -1.1"), -1);
    assert_int_equal(schema_version_number("something else"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_of_schemas_have_an_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
