/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* How retries are counted in dsql_pool_stats. */
#include "unit.h"
#include "world.h"

#include <dsql.h>

static dsql_pool_stats stats_after(int max_attempts, const char *sql, dsql_status expected)
{
    world_reset();
    dsql_pool *pool = world_pool(max_attempts, 60000);
    PGconn *conn = NULL;
    dsql_error err = {0};
    DSQL_TRANSACTION(pool, conn, &err) {
        PQclear(PQexec(conn, sql));
    }
    assert_int_equal(err.status, expected);
    dsql_pool_stats stats;
    dsql_pool_get_stats(pool, &stats);
    world_close(pool);
    return stats;
}

static void retries_are_counted_by_their_reason(void **state)
{
    (void)state;
    dsql_pool_stats stats = stats_after(8, AT_COMMIT("40001", 2), DSQL_OK);
    assert_int_equal(stats.retries_oc000, 2);
    assert_int_equal(stats.occ_retries, 2);
    stats = stats_after(8, AT_COMMIT("schema", 3), DSQL_OK);
    assert_int_equal(stats.retries_oc001, 3);
    assert_int_equal(stats.occ_retries, 3);
    assert_int_equal(stats.retries_given_up, 0);
    stats = stats_after(2,
                        "DO $$ BEGIN RAISE EXCEPTION 'deadlock detected'"
                        " USING ERRCODE = '40P01'; END $$",
                        DSQL_ERR_OCC);
    assert_int_equal(stats.retries_other, 1);
    assert_int_equal(stats.occ_retries, 1);
    assert_int_equal(stats.retries_oc000 + stats.retries_oc001 + stats.retries_lost, 0);
}

static void a_lost_connection_is_no_conflict(void **state)
{
    (void)state;
    dsql_pool_stats stats = stats_after(3, DIE, DSQL_ERR_CONNECT);
    assert_int_equal(stats.retries_lost, 2);
    assert_int_equal(stats.occ_retries, 0);
    assert_int_equal(stats.retries_given_up, 1);
}

static void giving_up_is_counted_once(void **state)
{
    (void)state;
    dsql_pool_stats stats = stats_after(4, AT_COMMIT("40001", 100), DSQL_ERR_OCC);
    assert_int_equal(stats.retries_oc000, 3);
    assert_int_equal(stats.retries_given_up, 1);
    stats = stats_after(4, "SELECT no_such_column", DSQL_ERR_QUERY); /* not for a retry */
    assert_int_equal(stats.retries_given_up, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retries_are_counted_by_their_reason),
        cmocka_unit_test(a_lost_connection_is_no_conflict),
        cmocka_unit_test(giving_up_is_counted_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
