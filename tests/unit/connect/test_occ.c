/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <dsql.h>

struct occ_case {
    const char *sqlstate;
    const char *message;
    dsql_occ expected;
};

static void the_sqlstate_decides_and_the_message_refines(void **state)
{
    (void)state;
    const struct occ_case cases[] = {
        {"40001", "change conflicts with another transaction (OC000)", DSQL_OCC_DATA},
        {"40001", "change conflicts with another transaction, please retry: (OC000)",
         DSQL_OCC_DATA},
        {"40001", "schema has been updated by another transaction (OC001)", DSQL_OCC_SCHEMA},
        {"40001", "could not serialize access due to concurrent update", DSQL_OCC_OTHER},
        {"40001", NULL, DSQL_OCC_OTHER},
        {"40P01", "deadlock detected", DSQL_OCC_OTHER},
        {"OC000", NULL, DSQL_OCC_DATA},
        {"OC001", "", DSQL_OCC_SCHEMA},
        {"23505", "duplicate key value (OC000)", DSQL_OCC_NONE}, /* a value, not a conflict */
        {"25P02", "current transaction is aborted", DSQL_OCC_NONE},
        {NULL, "SKU DOC0001 (OC001)", DSQL_OCC_NONE},
        {"", "", DSQL_OCC_NONE},
        {NULL, NULL, DSQL_OCC_NONE},
        {"4000", "(OC000)", DSQL_OCC_NONE},
        {"400011", "(OC000)", DSQL_OCC_NONE},
        {"oc000", "", DSQL_OCC_NONE}, /* codes are upper case */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(dsql_occ_classify(cases[i].sqlstate, cases[i].message), cases[i].expected);
    }
}

static void a_missing_result_is_not_a_conflict(void **state)
{
    (void)state;
    assert_int_equal(dsql_result_occ(NULL), DSQL_OCC_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sqlstate_decides_and_the_message_refines),
        cmocka_unit_test(a_missing_result_is_not_a_conflict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
