/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements that are not answered: all that the library sends is cancelled at its limit, and cut
 * off if that does not help.  The clock advances at each reading; the waits that remain in real
 * time end as soon as the server answers.
 */
#include "connect/connection_events.h"
#include "cutter.h"
#include "postgres.h"
#include "transaction/retry_loop.h"
#include "unit.h"
#include "world.h"

#include <sched.h>
#include <string.h>

#define ID "abcdefghijklmnopqrstuvw234"

/* A minute, which no test would wait for. */
#define SLOW "SELECT pg_sleep(60)"

enum {
    LIMIT_MS = 3000,
    SLOW_STEP_MS = 2900, /* the limit is reached at the second look at the clock */
    CANCEL_STEP_MS = 90, /* the same of a limit of 100 ms, and the grace period is long */
    CANCEL_LIMIT_MS = 100
};

static int fresh_database(void **state)
{
    (void)state;
    world_reset();
    cutter_arm("", CUT_BEFORE, 0);
    return 0;
}

static long active(void)
{
    return postgres_number("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query "
                           "LIKE '%pg_sleep%' AND pid <> pg_backend_pid()");
}

/* ---- A server that can cancel ---- */

static const dsql_transaction_options *short_statements(void)
{
    static dsql_transaction_options options;
    options = dsql_transaction_options_init();
    options.statement_timeout_ms = CANCEL_LIMIT_MS;
    atomic_store(&world.step_ms, CANCEL_STEP_MS);
    return &options;
}

static void expect_canceled(dsql_pool *pool, const dsql_error *err)
{
    assert_int_equal(err->status, DSQL_ERR_TIMEOUT);
    assert_non_null(strstr(err->message, "within 100 ms (statement_timeout_ms), so the statement "
                                         "was cancelled"));
    assert_int_equal(active(), 0);
    dsql_pool_stats stats;
    dsql_pool_get_stats(pool, &stats);
    assert_int_equal(stats.in_use, 0);
    assert_int_equal(stats.open, 1); /* it still works */
    world_close(pool);
}

static void slow_statement_is_cancelled(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_error err = {0};
    assert_null(dsql_exec_with(pool, short_statements(), SLOW, 0, NULL, &err));
    expect_canceled(pool, &err);
}

static void slow_statement_that_only_reads_is_cancelled(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_transaction_options options = *short_statements();
    options.read_only = 1;
    dsql_error err = {0};
    assert_null(dsql_exec_with(pool, &options, SLOW, 0, NULL, &err));
    expect_canceled(pool, &err);
}

static void slow_batch_is_cancelled(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_batch_options options = dsql_batch_options_init();
    options.transaction = short_statements();
    dsql_batch *batch = dsql_batch_new(pool, "INSERT INTO items SELECT $1::int FROM pg_sleep(60)",
                                       1, &options, NULL);
    const char *one[] = {"1"};
    assert_int_equal(dsql_batch_add(batch, one, NULL), DSQL_OK);
    dsql_error err = {0};
    assert_int_equal(dsql_batch_flush(batch, &err), DSQL_ERR_TIMEOUT);
    assert_int_equal(dsql_batch_pending(batch), 1);
    dsql_batch_free(batch);
    expect_canceled(pool, &err);
    assert_int_equal(postgres_number("SELECT count(*) FROM items"), 0);
}

static void limit_of_the_transaction_holds_for_its_statements(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, LIMIT_MS);
    atomic_store(&world.step_ms, SLOW_STEP_MS);
    dsql_error err = {0};
    assert_null(
        dsql_exec_with(pool, DSQL_TRANSACTION_OPTIONS(.read_only = 1), SLOW, 0, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_TIMEOUT);
    assert_non_null(strstr(err.message, "transaction_timeout_ms"));
    atomic_store(&world.step_ms, 0);
    world_close(pool);
}

/* 57014 that the library has not asked for is the server's own. */
static void cancel_of_another_is_not_a_timeout(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_error err = {0};
    assert_null(dsql_exec(pool, "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '57014'; END $$",
                          0, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_QUERY);
    assert_string_equal(err.sqlstate, "57014");
    world_close(pool);
}

/* ---- A server that does not react ---- */

/* From the message that contains the text on. */
static dsql_pool *silent_pool(const char *text, int timeout_ms)
{
    dsql_pool *pool = world_pool_on(cutter_conninfo(), 4, 4, timeout_ms);
    cutter_arm(text, CUT_SILENT, 1);
    atomic_store(&world.step_ms, SLOW_STEP_MS);
    return pool;
}

static void expect_closed(dsql_pool *pool)
{
    dsql_pool_stats stats;
    atomic_store(&world.step_ms, 0);
    while (cutter_cuts() == 0) { /* the relay may read the message after the library gave up */
        sched_yield();
    }
    dsql_pool_get_stats(pool, &stats);
    assert_int_equal(stats.in_use, 0);
    assert_int_equal(stats.open, 0);
    world_close(pool);
}

static void statement_without_an_answer_is_unknown(void **state)
{
    (void)state;
    dsql_pool *pool = silent_pool("UPDATE", LIMIT_MS);
    dsql_error err = {0};
    assert_null(dsql_exec(pool, ADD_ONE, 0, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_COMMIT_UNKNOWN);
    assert_non_null(strstr(err.message, "the connection was closed; it may have been committed"));
    expect_closed(pool);
}

static void statement_that_only_reads_is_known(void **state)
{
    (void)state;
    dsql_pool *pool = silent_pool("SELECT 7", LIMIT_MS);
    dsql_error err = {0};
    assert_null(
        dsql_exec_with(pool, DSQL_TRANSACTION_OPTIONS(.read_only = 1), "SELECT 7", 0, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_TIMEOUT);
    expect_closed(pool);
}

static void job_is_not_waited_for_without_an_answer(void **state)
{
    (void)state;
    dsql_pool *pool = silent_pool("sys.jobs", LIMIT_MS);
    assert_int_equal(dsql_job_wait(pool, ID, -1, NULL), DSQL_ERR_TIMEOUT);
    expect_closed(pool);
}

/* The rows fit into the buffers of the socket, or fill them. */
static void batch_without_an_answer_is_not_committed(void **state)
{
    (void)state;
    static char large[1 << 20];
    memset(large, 'x', sizeof large - 1);
    const char *const names[] = {"small", large};
    for (size_t i = 0; i < 2; i++) {
        world_reset();
        dsql_pool *pool = silent_pool("items", LIMIT_MS);
        dsql_batch *batch =
            dsql_batch_new(pool, "INSERT INTO items VALUES ($1::int, $2)", 2, NULL, NULL);
        for (int row = 0; row < 3; row++) {
            const char *values[] = {"1", names[i]};
            assert_int_equal(dsql_batch_add(batch, values, NULL), DSQL_OK);
        }
        dsql_error err = {0};
        assert_int_equal(dsql_batch_flush(batch, &err), DSQL_ERR_TIMEOUT);
        assert_non_null(strstr(err.message, "rows 1 to 3: the server did not answer"));
        dsql_batch_free(batch);
        expect_closed(pool);
    }
}

/* ---- What a body leaves on the caller's connection ---- */

struct left {
    const char *sql;
};

static dsql_status leave(PGconn *conn, void *arg, dsql_error *err)
{
    const struct left *left = arg;
    (void)err;
    return PQsendQuery(conn, left->sql) == 1 ? DSQL_ERR_CALLBACK : DSQL_ERR_QUERY;
}

static void unread_results_are_ended(void **state)
{
    (void)state;
    static const char *const queries[] = {
        "SELECT 1; SELECT 2", "COPY (SELECT generate_series(1, 100000)) TO STDOUT",
        "COPY items FROM STDIN", "SELECT repeat('x', 3000000); COPY items FROM STDIN; SELECT 1"};
    PGconn *conn = postgres_connect();
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        struct left left = {queries[i]};
        assert_int_equal(dsql_conn_transaction(conn, NULL, leave, &left, NULL), DSQL_ERR_CALLBACK);
        assert_int_equal(PQtransactionStatus(conn), PQTRANS_IDLE);
        assert_int_equal(PQisnonblocking(conn), 0);
    }
    PQfinish(conn);
}

/* dsql_conn_transaction() with the clock of the test. */
static void unread_results_that_never_come_are_not_waited_for(void **state)
{
    (void)state;
    const struct transaction_settings settings = {.retry = {.max_attempts = 1, .timeout_ms = -1}};
    const struct logger logger = {.write = NULL};
    PGconn *conn = PQconnectdb(cutter_conninfo());
    assert_true(connection_events_attach(conn));
    struct retry_loop loop;
    retry_loop_start_on(&loop, conn, &settings, &logger);
    loop.clock = &world_clock;
    assert_ptr_equal(retry_loop_begin(&loop), conn);
    cutter_arm("SELECT 7", CUT_SILENT, 1);
    atomic_store(&world.step_ms, SLOW_STEP_MS);
    assert_int_equal(PQsendQuery(conn, "SELECT 7"), 1);
    retry_loop_end_body(&loop, DSQL_ERR_CALLBACK, NULL);
    assert_int_equal(retry_loop_finish(&loop, NULL), DSQL_ERR_CALLBACK);
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
    PQfinish(conn);
}

#define ON_FRESH(test) cmocka_unit_test_setup(test, fresh_database)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_FRESH(slow_statement_is_cancelled),
        ON_FRESH(slow_statement_that_only_reads_is_cancelled),
        ON_FRESH(slow_batch_is_cancelled),
        ON_FRESH(limit_of_the_transaction_holds_for_its_statements),
        ON_FRESH(cancel_of_another_is_not_a_timeout),
        ON_FRESH(statement_without_an_answer_is_unknown),
        ON_FRESH(statement_that_only_reads_is_known),
        ON_FRESH(job_is_not_waited_for_without_an_answer),
        ON_FRESH(batch_without_an_answer_is_not_committed),
        ON_FRESH(unread_results_are_ended),
        ON_FRESH(unread_results_that_never_come_are_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
