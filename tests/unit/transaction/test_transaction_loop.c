/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The loop form: DSQL_TRANSACTION, and the functions that it is made of. */
#include "postgres.h"
#include "unit.h"
#include "world.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, ROUNDS = 20 };

static int fresh_database(void **state)
{
    (void)state;
    world_reset();
    return 0;
}

static void end_of_the_body_commits(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_error err = {.status = DSQL_ERR_NOMEM, .message = "from before"};
    PGconn *conn = NULL;
    int turns = 0;
    DSQL_TRANSACTION(pool, conn, &err) {
        assert_int_equal(err.status, DSQL_OK);
        assert_int_equal(PQtransactionStatus(conn), PQTRANS_INTRANS);
        turns++;
        PQclear(PQexec(conn, ADD_ONE));
    }
    assert_int_equal(err.status, DSQL_OK);
    assert_string_equal(err.message, "");
    assert_null(conn);
    assert_int_equal(turns, 1);
    assert_int_equal(world_counter(), 1);
    assert_int_equal(world_conflicts(pool), 0);
    world_close(pool);
}

static void conflict_at_commit_runs_the_body_again(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    world.watched = pool;
    dsql_error err;
    PGconn *conn;
    int turns = 0;
    DSQL_TRANSACTION(pool, conn, &err) {
        turns++;
        world_run(conn, ADD_ONE "; " AT_COMMIT("40001", 2));
    }
    assert_int_equal(err.status, DSQL_OK);
    assert_int_equal(turns, 3);
    assert_int_equal(world_counter(), 1);
    assert_int_equal(atomic_load(&world.slept_with_connection), 0);
    assert_int_equal(world_conflicts(pool), 2);
    world_close(pool);
}

static void conflict_in_the_body_runs_it_again_after_continue(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_error err;
    PGconn *conn;
    int turns = 0;
    DSQL_TRANSACTION(pool, conn, &err) {
        turns++;
        world_run(conn, "SELECT n FROM counter");
        if (turns == 1) {
            postgres_run(ADD_ONE);
        }
        if (dsql_check_clear(conn, PQexec(conn, ADD_ONE), &err) != DSQL_OK) {
            continue;
        }
        world_run(conn, ADD_ONE);
    }
    assert_int_equal(err.status, DSQL_OK);
    assert_int_equal(turns, 2);
    assert_int_equal(world_counter(), 3);
    world_close(pool);
}

static void conflict_that_remains_is_reported(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(3, -1);
    dsql_error err;
    PGconn *conn;
    DSQL_TRANSACTION(pool, conn, &err) {
        world_run(conn, ADD_ONE "; " AT_COMMIT("40001", 1000));
    }
    assert_int_equal(err.status, DSQL_ERR_OCC);
    assert_string_equal(err.sqlstate, "40001");
    assert_non_null(strstr(err.message, "3 attempts"));
    assert_int_equal(world_counter(), 0);
    world_close(pool);
}

static void ignored_failure_is_not_committed(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_error err;
    PGconn *conn;
    int turns = 0;
    DSQL_TRANSACTION(pool, conn, &err) {
        turns++;
        world_run(conn, ADD_ONE);
        world_run(conn, "SELECT 1 / 0");
        world_run(conn, "SELECT 25"); /* 25P02 */
    }
    assert_int_equal(err.status, DSQL_ERR_QUERY);
    assert_string_equal(err.sqlstate, "22012");
    assert_non_null(strstr(err.message, "division by zero"));
    assert_null(strstr(err.message, "returned")); /* a loop's body returns nothing */
    assert_int_equal(turns, 1);
    assert_int_equal(world_counter(), 0);
    world_close(pool);
}

/* The first refusal, with all that the server said, although nobody looked at a result. */
static void ignored_failure_is_reported_with_its_fields(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_error err;
    PGconn *conn;
    DSQL_TRANSACTION(pool, conn, &err) {
        world_run(conn, "INSERT INTO items VALUES (7, 'a')");
        world_run(conn, "INSERT INTO items VALUES (7, 'b')");
        world_run(conn, "SELECT * FROM nowhere"); /* 25P02 */
    }
    assert_string_equal(err.sqlstate, "23505");
    assert_string_equal(err.message, "a statement of the transaction failed: duplicate key value "
                                     "violates unique constraint \"items_pkey\"");
    assert_string_equal(err.detail, "Key (id)=(7) already exists.");
    assert_string_equal(err.schema_name, "public");
    assert_string_equal(err.table_name, "items");
    assert_string_equal(err.constraint_name, "items_pkey");
    world_close(pool);
}

/* A statement that libpq rejects leaves the transaction open; what the body returns counts. */
static void failure_left_in_the_error_rolls_back(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_error err;
    PGconn *conn;
    DSQL_TRANSACTION(pool, conn, &err) {
        world_run(conn, ADD_ONE);
        PGresult *result = PQexecParams(conn, ADD_ONE, -1, NULL, NULL, NULL, NULL, 0);
        if (dsql_check_clear(conn, result, &err) != DSQL_OK) {
            continue;
        }
    }
    assert_int_equal(err.status, DSQL_ERR_USAGE);
    assert_non_null(strstr(err.message, "number of parameters"));
    assert_int_equal(world_counter(), 0);
    world_close(pool);
}

static void break_rolls_back(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_error err;
    PGconn *conn;
    DSQL_TRANSACTION(pool, conn, &err) {
        world_run(conn, ADD_ONE);
        break;
    }
    assert_int_equal(err.status, DSQL_ERR_CALLBACK);
    assert_non_null(strstr(err.message, "rolled back"));
    assert_int_equal(world_conflicts(pool), 0);
    assert_int_equal(world_counter(), 0);
    world_close(pool);
}

static void break_keeps_the_error_of_the_body(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_error err;
    PGconn *conn;
    int turns = 0;
    DSQL_TRANSACTION(pool, conn, &err) {
        turns++;
        world_run(conn, ADD_ONE);
        if (dsql_check_clear(conn, PQexec(conn, "SELECT * FROM nowhere"), &err) != DSQL_OK) {
            break;
        }
    }
    assert_int_equal(turns, 1);
    assert_int_equal(err.status, DSQL_ERR_QUERY);
    assert_string_equal(err.sqlstate, "42P01");
    assert_int_equal(world_counter(), 0);
    world_close(pool);
}

static int leave_by_return(dsql_pool *pool)
{
    dsql_error err;
    PGconn *conn;
    DSQL_TRANSACTION(pool, conn, &err) {
        world_run(conn, ADD_ONE);
        return 7;
    }
    return 0;
}

static void return_rolls_back_and_releases(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    assert_int_equal(leave_by_return(pool), 7);
    assert_int_equal(world_conflicts(pool), 0);
    assert_int_equal(world_counter(), 0);
    world_close(pool);
}

static void goto_rolls_back_and_releases(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_error err;
    PGconn *conn;
    DSQL_TRANSACTION(pool, conn, &err) {
        world_run(conn, ADD_ONE);
        goto out;
    }
    fail_msg("not reached");
out:
    assert_int_equal(err.status, DSQL_ERR_CALLBACK);
    assert_int_equal(world_conflicts(pool), 0);
    assert_int_equal(world_counter(), 0);
    world_close(pool);
}

static void break_in_a_switch_leaves_the_switch(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_error err;
    PGconn *conn;
    DSQL_TRANSACTION(pool, conn, &err) {
        switch (PQtransactionStatus(conn)) {
        case PQTRANS_INTRANS:
            world_run(conn, ADD_ONE);
            break;
        default:
            break;
        }
    }
    assert_int_equal(err.status, DSQL_OK);
    assert_int_equal(world_counter(), 1);
    world_close(pool);
}

static void loops_follow_and_nest_in_one_function(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_error err;
    dsql_error inner_err;
    PGconn *conn;
    PGconn *inner;
    int turns = 0;
    DSQL_TRANSACTION(pool, conn, &err)
        world_run(conn, ADD_ONE);
    assert_int_equal(err.status, DSQL_OK);
    const dsql_transaction_options *options = DSQL_TRANSACTION_OPTIONS(.read_only = 1);
    DSQL_TRANSACTION_WITH(pool, options, conn, &err) {
        turns++;
        world_run(conn, "SELECT n FROM counter");
        DSQL_TRANSACTION(pool, inner, &inner_err) {
            assert_ptr_not_equal(inner, conn);
            world_run(inner, ADD_ONE "; " AT_COMMIT("40001", 1));
        }
        assert_int_equal(inner_err.status, DSQL_OK);
    }
    assert_int_equal(err.status, DSQL_OK);
    assert_int_equal(turns, 1);
    assert_int_equal(world_counter(), 2);
    world_close(pool);
}

static void options_hold_for_the_loop(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_error err;
    PGconn *conn;
    int turns = 0;
    const dsql_transaction_options *options = DSQL_TRANSACTION_OPTIONS(.max_attempts = 2);
    DSQL_TRANSACTION_WITH(pool, options, conn, &err) {
        turns++;
        world_run(conn, ADD_ONE "; " AT_COMMIT("40001", 1000));
    }
    assert_int_equal(turns, 2);
    assert_int_equal(err.status, DSQL_ERR_OCC);
    const dsql_transaction_options wrong = {.struct_size = 0};
    DSQL_TRANSACTION_WITH(pool, &wrong, conn, &err) {
        turns++;
    }
    assert_int_equal(turns, 2);
    assert_int_equal(err.status, DSQL_ERR_USAGE);
    world_close(pool);
}

static dsql_status never(PGconn *conn, void *arg, dsql_error *err)
{
    (void)conn;
    (void)err;
    *(int *)arg += 1;
    return DSQL_OK;
}

static void nesting_on_the_connection_of_a_loop_is_rejected(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_error err;
    PGconn *conn;
    int calls = 0;
    DSQL_TRANSACTION(pool, conn, &err) {
        if (dsql_conn_transaction(conn, NULL, never, &calls, &err) != DSQL_OK) {
            break;
        }
    }
    assert_int_equal(calls, 0);
    assert_int_equal(err.status, DSQL_ERR_USAGE);
    assert_non_null(strstr(err.message, "another connection"));
    world_close(pool);
}

static void connection_lost_in_the_body_is_replaced(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_error err;
    PGconn *conn;
    int turns = 0;
    DSQL_TRANSACTION(pool, conn, &err) {
        turns++;
        world_run(conn, ADD_ONE);
        if (turns == 1) {
            postgres_kill(PQbackendPID(conn));
        }
    }
    assert_int_equal(err.status, DSQL_OK);
    assert_int_equal(turns, 2);
    assert_int_equal(world_counter(), 1);
    world_close(pool);
}

static void connection_may_be_closed_in_the_loop(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_error err;
    PGconn *conn;
    DSQL_TRANSACTION(pool, conn, &err) {
        PQfinish(conn);
    }
    assert_int_equal(err.status, DSQL_ERR_USAGE);
    DSQL_TRANSACTION(pool, conn, &err) {
        PQfinish(conn);
        break;
    }
    assert_int_equal(err.status, DSQL_ERR_CALLBACK);
    assert_int_equal(world_conflicts(pool), 0);
    world_close(pool);
}

static void null_pool_runs_no_body(void **state)
{
    (void)state;
    dsql_error err;
    PGconn *conn = NULL;
    DSQL_TRANSACTION(NULL, conn, &err) {
        fail_msg("a body without a pool");
    }
    assert_int_equal(err.status, DSQL_ERR_USAGE);
}

/* ---- The functions ---- */

static void functions_do_without_an_error(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_transaction_loop *loop = dsql_transaction_loop_new(pool, NULL, NULL, NULL);
    assert_true(dsql_transaction_loop_running(loop));
    PGconn *conn = dsql_transaction_loop_next(loop);
    world_run(conn, ADD_ONE);
    assert_null(dsql_transaction_loop_next(loop));
    assert_false(dsql_transaction_loop_running(loop));
    assert_null(dsql_transaction_loop_next(loop));
    assert_int_equal(dsql_transaction_loop_end(loop), DSQL_OK);
    dsql_transaction_loop_free(loop);
    assert_int_equal(world_counter(), 1);
    world_close(pool);
}

static void ended_before_the_first_attempt_is_not_a_success(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_error err;
    dsql_transaction_loop *loop = dsql_transaction_loop_new(pool, NULL, NULL, &err);
    assert_int_equal(dsql_transaction_loop_end(loop), DSQL_ERR_CALLBACK);
    assert_int_equal(dsql_transaction_loop_end(loop), DSQL_ERR_CALLBACK);
    assert_null(dsql_transaction_loop_next(loop));
    assert_int_equal(err.status, DSQL_ERR_CALLBACK);
    dsql_transaction_loop_free(loop);
    world_close(pool);
}

static void null_loop_is_harmless(void **state)
{
    (void)state;
    assert_false(dsql_transaction_loop_running(NULL));
    assert_null(dsql_transaction_loop_next(NULL));
    assert_int_equal(dsql_transaction_loop_end(NULL), DSQL_ERR_USAGE);
    dsql_transaction_loop_free(NULL);
}

static void closing_waits_for_an_attempt(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_transaction_loop *loop = dsql_transaction_loop_new(pool, NULL, NULL, NULL);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_ERR_TIMEOUT);
    assert_null(dsql_transaction_loop_next(loop));
    assert_int_equal(dsql_transaction_loop_end(loop), DSQL_ERR_CLOSED);
    world_close(pool); /* the outcome is known: the pool is no longer pinned */
    dsql_transaction_loop_free(loop);
}

static void *add_many(void *pool)
{
    intptr_t failures = 0;
    for (int i = 0; i < ROUNDS; i++) {
        dsql_error err;
        PGconn *conn;
        DSQL_TRANSACTION(pool, conn, &err) {
            PGresult *result = PQexec(conn, "SELECT n FROM counter");
            char sql[64] = "SELECT no_such_function()";
            if (PQresultStatus(result) == PGRES_TUPLES_OK) {
                snprintf(sql, sizeof sql, "UPDATE counter SET n = %ld",
                         strtol(PQgetvalue(result, 0, 0), NULL, 10) + 1);
            }
            PQclear(result);
            PQclear(PQexec(conn, sql));
        }
        failures += err.status == DSQL_OK ? 0 : 1;
    }
    return (void *)failures; /* NOLINT(performance-no-int-to-ptr) */
}

static void no_increment_is_lost_or_doubled(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool_on(postgres_conninfo(), 4, 1000, -1);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, pool), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *failures = NULL;
        pthread_join(threads[i], &failures);
        assert_null(failures);
    }
    assert_int_equal(world_counter(), THREADS * ROUNDS);
    world_close(pool);
}

#define ON_FRESH(test) cmocka_unit_test_setup(test, fresh_database)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_FRESH(end_of_the_body_commits),
        ON_FRESH(conflict_at_commit_runs_the_body_again),
        ON_FRESH(conflict_in_the_body_runs_it_again_after_continue),
        ON_FRESH(conflict_that_remains_is_reported),
        ON_FRESH(ignored_failure_is_not_committed),
        ON_FRESH(ignored_failure_is_reported_with_its_fields),
        ON_FRESH(failure_left_in_the_error_rolls_back),
        ON_FRESH(break_rolls_back),
        ON_FRESH(break_keeps_the_error_of_the_body),
        ON_FRESH(return_rolls_back_and_releases),
        ON_FRESH(goto_rolls_back_and_releases),
        ON_FRESH(break_in_a_switch_leaves_the_switch),
        ON_FRESH(loops_follow_and_nest_in_one_function),
        ON_FRESH(options_hold_for_the_loop),
        ON_FRESH(nesting_on_the_connection_of_a_loop_is_rejected),
        ON_FRESH(connection_lost_in_the_body_is_replaced),
        ON_FRESH(connection_may_be_closed_in_the_loop),
        cmocka_unit_test(null_pool_runs_no_body),
        ON_FRESH(functions_do_without_an_error),
        ON_FRESH(ended_before_the_first_attempt_is_not_a_success),
        cmocka_unit_test(null_loop_is_harmless),
        ON_FRESH(closing_waits_for_an_attempt),
        ON_FRESH(no_increment_is_lost_or_doubled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
