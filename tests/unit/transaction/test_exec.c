/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Single statements: dsql_exec(), dsql_exec_with(). */
#include "postgres.h"
#include "unit.h"
#include "world.h"

#include <string.h>

static int fresh_database(void **state)
{
    (void)state;
    world_reset();
    return 0;
}

static void rows_come_back(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    const char *params[] = {"7", NULL};
    dsql_error err = {0};
    PGresult *result = dsql_exec(pool, "SELECT $1::int + 1, $2::text", 2, params, &err);
    assert_non_null(result);
    assert_string_equal(PQgetvalue(result, 0, 0), "8");
    assert_true(PQgetisnull(result, 0, 1));
    PQclear(result);
    assert_int_equal(err.status, DSQL_OK);
    assert_int_equal(world_conflicts(pool), 0);
    world_close(pool);
}

static void statement_commits_itself(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    PGresult *result = dsql_exec(pool, ADD_ONE, 0, NULL, NULL);
    assert_string_equal(PQcmdTuples(result), "1");
    PQclear(result);
    assert_int_equal(world_counter(), 1);
    result = dsql_exec(pool, "CREATE TABLE IF NOT EXISTS counter (n int)", 0, NULL, NULL);
    assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
    world_close(pool);
}

/* The statement succeeds first; the conflict comes with the Sync message after it. */
static void conflict_at_the_sync_is_retried(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    world.watched = pool;
    const char *params[] = {"40001", "2"};
    PGresult *result =
        dsql_exec(pool, "INSERT INTO at_commit VALUES ($1, $2::bigint)", 2, params, NULL);
    assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
    assert_int_equal(postgres_number("SELECT count(*) FROM at_commit"), 1);
    assert_int_equal(atomic_load(&world.now_ms), 50 + 100);
    assert_int_equal(atomic_load(&world.slept_with_connection), 0);
    assert_int_equal(world_conflicts(pool), 2);
    world_close(pool);
}

static void conflict_that_remains_is_reported(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(3, -1);
    dsql_error err = {0};
    assert_null(dsql_exec(pool, AT_COMMIT("40001", 1000), 0, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_OCC);
    assert_string_equal(err.sqlstate, "40001");
    assert_non_null(strstr(err.message, "3 attempts (150 ms)"));
    assert_int_equal(postgres_number("SELECT count(*) FROM at_commit"), 0);
    world_close(pool);
}

static void new_schema_is_retried_without_a_wait(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    PGresult *result = dsql_exec(pool, AT_COMMIT("schema", 1), 0, NULL, NULL);
    assert_non_null(result);
    PQclear(result);
    assert_int_equal(atomic_load(&world.now_ms), 0);
    assert_int_equal(world_conflicts(pool), 1);
    world_close(pool);
}

static void error_of_the_server_has_its_sqlstate(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_error err = {0};
    assert_null(dsql_exec(pool, "SELECT 1 / 0", 0, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_QUERY);
    assert_string_equal(err.sqlstate, "22012");
    assert_int_equal(atomic_load(&world.sleeps), 0);
    world_close(pool);
}

static void several_statements_are_rejected(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_error err = {0};
    assert_null(dsql_exec(pool, ADD_ONE "; " ADD_ONE, 0, NULL, &err));
    assert_string_equal(err.sqlstate, "42601");
    assert_int_equal(world_counter(), 0);
    world_close(pool);
}

static void copy_and_begin_are_rejected(void **state)
{
    (void)state;
    static const char *const statements[] = {"BEGIN", "COPY counter TO STDOUT",
                                             "COPY counter FROM STDIN"};
    dsql_pool *pool = world_pool(4, -1);
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        dsql_error err = {0};
        assert_null(dsql_exec(pool, statements[i], 0, NULL, &err));
        assert_int_equal(err.status, DSQL_ERR_USAGE);
    }
    PGresult *result = dsql_exec(pool, "SELECT 1", 0, NULL, NULL);
    assert_non_null(result); /* and the pool has none of them left */
    PQclear(result);
    assert_int_equal(world_conflicts(pool), 0);
    world_close(pool);
}

static void wrong_arguments_are_usage_errors(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    assert_null(dsql_exec(NULL, "SELECT 1", 0, NULL, NULL));
    dsql_error err = {0};
    assert_null(dsql_exec(pool, NULL, 0, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_USAGE);
    err = (dsql_error){0};
    assert_null(dsql_exec(pool, "SELECT $1", 1, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_USAGE);
    err = (dsql_error){0};
    assert_null(dsql_exec(pool, "SELECT 1", -1, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_USAGE);
    err = (dsql_error){0};
    const dsql_transaction_options wrong = {.struct_size = 1};
    assert_null(dsql_exec_with(pool, &wrong, "SELECT 1", 0, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_USAGE);
    world_close(pool);
}

static void read_only_statement_cannot_write(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    const dsql_transaction_options *options = DSQL_TRANSACTION_OPTIONS(.read_only = 1);
    dsql_error err = {0};
    assert_null(dsql_exec_with(pool, options, ADD_ONE, 0, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_QUERY);
    assert_string_equal(err.sqlstate, "25006");
    PGresult *result = dsql_exec_with(pool, options, "SELECT n FROM counter", 0, NULL, &err);
    assert_string_equal(PQgetvalue(result, 0, 0), "0");
    PQclear(result);
    assert_int_equal(world_conflicts(pool), 0);
    world_close(pool);
}

static void connection_lost_in_the_statement_is_unknown(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_error err = {0};
    assert_null(dsql_exec(pool, AT_COMMIT("die", 1000), 0, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_COMMIT_UNKNOWN);
    assert_int_equal(atomic_load(&world.sleeps), 0);
    assert_int_equal(world_conflicts(pool), 0);
    world_close(pool);
}

#define ON_FRESH(test) cmocka_unit_test_setup(test, fresh_database)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_FRESH(rows_come_back),
        ON_FRESH(statement_commits_itself),
        ON_FRESH(conflict_at_the_sync_is_retried),
        ON_FRESH(conflict_that_remains_is_reported),
        ON_FRESH(new_schema_is_retried_without_a_wait),
        ON_FRESH(error_of_the_server_has_its_sqlstate),
        ON_FRESH(several_statements_are_rejected),
        ON_FRESH(copy_and_begin_are_rejected),
        ON_FRESH(wrong_arguments_are_usage_errors),
        ON_FRESH(read_only_statement_cannot_write),
        ON_FRESH(connection_lost_in_the_statement_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
