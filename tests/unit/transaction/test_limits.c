/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements that are not answered: all that the library sends is cancelled at its limit, and cut
 * off if that does not help.  The clock advances at each reading; the waits that remain in real
 * time end as soon as the server answers.
 */
#include "connect/connection_events.h"
#include "cutter.h"
#include "pool/slot.h"
#include "postgres.h"
#include "transaction/retry_loop.h"
#include "unit.h"
#include "world.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ID "abcdefghijklmnopqrstuvw234"

/* A minute, which no test would wait for. */
#define SLOW "SELECT pg_sleep(60)"

enum {
    LIMIT_MS = 3000,
    SLOW_STEP_MS = 2900, /* the limit is reached at the second look at the clock */
    CANCEL_LIMIT_MS = 100
};

static int fresh_database(void **state)
{
    (void)state;
    postgres_kill_backends(); /* one may still sleep for a test before, which has given up */
    world_reset();
    cutter_arm("", CUT_BEFORE, 0);
    return 0;
}

/* A statement that sleeps: only then does a cancel request have an effect for certain. */
static long active(void)
{
    return postgres_number("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
}

/* ---- A server that can cancel ---- */

/* Not earlier: a cancel request that comes before the statement has no effect. */
static void pass_limit_when_active(void)
{
    if (atomic_load(&world.now_ms) == 0 && active() > 0) {
        atomic_store(&world.now_ms, LIMIT_MS);
    }
}

static const dsql_transaction_options *short_statements(void)
{
    static dsql_transaction_options options;
    options = dsql_transaction_options_init();
    options.statement_timeout_ms = CANCEL_LIMIT_MS;
    atomic_store(&world.on_look, pass_limit_when_active);
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
    atomic_store(&world.on_look, pass_limit_when_active);
    dsql_error err = {0};
    assert_null(
        dsql_exec_with(pool, DSQL_TRANSACTION_OPTIONS(.read_only = 1), SLOW, 0, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_TIMEOUT);
    assert_non_null(strstr(err.message, "transaction_timeout_ms"));
    assert_int_equal(active(), 0); /* nothing sleeps on in the tests that follow */
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
        dsql_pool *pool = silent_pool("items", -1);
        dsql_batch_options options = dsql_batch_options_init();
        options.transaction = DSQL_TRANSACTION_OPTIONS(.statement_timeout_ms = LIMIT_MS);
        dsql_batch *batch =
            dsql_batch_new(pool, "INSERT INTO items VALUES ($1::int, $2)", 2, &options, NULL);
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

/* ---- A body ---- */

/* The time passes at once, and the thread of the pool learns of it. */
static void let_pass(dsql_pool *pool, int64_t ms)
{
    atomic_fetch_add(&world.now_ms, ms);
    pthread_mutex_lock(&pool->lock);
    if (pool->watcher.is_running) {
        pthread_cond_signal(&pool->watcher.has_changed);
    }
    pthread_mutex_unlock(&pool->lock);
}

struct waiting {
    dsql_pool *pool;
    const char *sql; /* not answered */
    int64_t spent_ms;
    dsql_status result;
    int calls;
};

static dsql_status wait_in_vain(PGconn *conn, void *arg, dsql_error *err)
{
    struct waiting *waiting = arg;
    (void)err;
    waiting->calls++;
    let_pass(waiting->pool, waiting->spent_ms);
    world_run(conn, waiting->sql);
    return waiting->result;
}

static void expect_cut_off(dsql_pool *pool, const dsql_error *err)
{
    assert_int_equal(err->status, DSQL_ERR_TIMEOUT);
    assert_non_null(strstr(err->message, "had not ended 5 s after its time limit"));
    dsql_pool_stats stats;
    dsql_pool_get_stats(pool, &stats);
    assert_int_equal(stats.in_use, 0);
    assert_int_equal(stats.open, 0);
    world_close(pool);
}

static void body_that_waits_is_cut_off(void **state)
{
    (void)state;
    static const dsql_status results[] = {DSQL_OK, DSQL_ERR_CALLBACK};
    for (size_t i = 0; i < 2; i++) {
        dsql_pool *pool = world_pool_on(cutter_conninfo(), 4, 4, LIMIT_MS);
        cutter_arm("SELECT 7", CUT_SILENT, 1);
        struct waiting waiting = {pool, "SELECT 7", LIMIT_MS + 5000, results[i], 0};
        dsql_error err = {0};
        assert_int_equal(dsql_transaction(pool, wait_in_vain, &waiting, &err), DSQL_ERR_TIMEOUT);
        assert_int_equal(waiting.calls, 1);
        expect_cut_off(pool, &err);
    }
}

static void loop_that_waits_is_cut_off(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool_on(cutter_conninfo(), 4, 4, LIMIT_MS);
    cutter_arm("SELECT 7", CUT_SILENT, 1);
    PGconn *conn;
    dsql_error err;
    DSQL_TRANSACTION(pool, conn, &err) {
        let_pass(pool, LIMIT_MS + 5000);
        world_run(conn, "SELECT 7");
    }
    expect_cut_off(pool, &err);
}

static void no_body_is_cut_off_before_its_time(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, LIMIT_MS);
    struct waiting waiting = {pool, ADD_ONE, LIMIT_MS + 4999, DSQL_OK, 0};
    assert_int_equal(dsql_transaction(pool, wait_in_vain, &waiting, NULL), DSQL_OK);
    world_close(pool);
    pool = world_pool(4, -1);
    waiting = (struct waiting){pool, ADD_ONE, INT64_C(100000000), DSQL_OK, 0};
    assert_int_equal(dsql_transaction(pool, wait_in_vain, &waiting, NULL), DSQL_OK);
    assert_false(pool->watcher.is_running);
    world_close(pool);
    assert_int_equal(world_counter(), 2);
}

/* It has committed by itself, and then only wastes time. */
static dsql_status commit_and_linger(PGconn *conn, void *arg, dsql_error *err)
{
    struct waiting *waiting = arg;
    (void)err;
    world_run(conn, ADD_ONE "; COMMIT");
    let_pass(waiting->pool, waiting->spent_ms);
    return DSQL_OK;
}

static void body_that_has_committed_is_not_denied(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, LIMIT_MS);
    struct waiting waiting = {pool, NULL, LIMIT_MS + 5000, DSQL_OK, 0};
    assert_int_equal(dsql_transaction(pool, commit_and_linger, &waiting, NULL), DSQL_OK);
    assert_int_equal(world_counter(), 1);
    world_close(pool);
}

static dsql_status close_and_open(PGconn *conn, void *arg, dsql_error *err)
{
    struct waiting *waiting = arg;
    (void)err;
    int descriptor = PQsocket(conn);
    PQfinish(conn);
    int reused = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(reused, descriptor);
    let_pass(waiting->pool, waiting->spent_ms);
    assert_int_equal(close(reused), 0);
    return DSQL_OK;
}

/* Nothing is left of a watch whose connection is gone, and no descriptor. */
static void watch_ends_with_its_connection(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, LIMIT_MS);
    struct waiting waiting = {pool, NULL, LIMIT_MS + 5000, DSQL_OK, 0};
    int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(close(before), 0);
    assert_int_equal(dsql_transaction(pool, close_and_open, &waiting, NULL), DSQL_ERR_USAGE);
    int after = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(after <= before);
    assert_int_equal(close(after), 0);
    world_close(pool);
}

/* The child has neither the thread nor the descriptor, and the parent's transaction goes on. */
static dsql_status fork_in_body(PGconn *conn, void *arg, dsql_error *err)
{
    struct waiting *waiting = arg;
    (void)err;
    pid_t child = fork();
    if (child == 0) {
        bool is_gone = !waiting->pool->watcher.is_running &&
                       fcntl(waiting->pool->block->items[0].watch.socket, F_GETFD) == -1;
        _exit(is_gone && !world_run(conn, "SELECT 1") ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return world_run(conn, ADD_ONE) ? DSQL_OK : DSQL_ERR_CALLBACK;
}

static void fork_leaves_the_watch_to_the_parent(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(1, LIMIT_MS);
    struct waiting waiting = {pool, NULL, 0, DSQL_OK, 0};
    assert_int_equal(dsql_transaction(pool, fork_in_body, &waiting, NULL), DSQL_OK);
    assert_int_equal(world_counter(), 1);
    world_close(pool);
}

static void note_log(void *arg, dsql_log_level level, const char *message)
{
    (void)level;
    if (strstr(message, "cannot be enforced") != NULL) {
        ++*(int *)arg;
    }
}

/* Works all the same, and says so. */
static void without_a_descriptor_there_is_no_watch(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, LIMIT_MS);
    int warnings = 0;
    pool->parts.logger.write = note_log;
    pool->parts.logger.arg = &warnings;
    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const struct rlimit none = {.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};
    assert_int_equal(close(next), 0);
    setrlimit(RLIMIT_NOFILE, &none);
    struct waiting waiting = {pool, ADD_ONE, 0, DSQL_OK, 0};
    dsql_status status = dsql_transaction(pool, wait_in_vain, &waiting, NULL);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_int_equal(status, DSQL_OK);
    assert_int_equal(warnings, 1);
    world_close(pool);
}

/* ---- dsql_conn_exec() ---- */

struct asking {
    const char *sql;
    int timeout_ms;
    bool ignores; /* what the call returned */
    dsql_error err;
};

static dsql_status ask(PGconn *conn, void *arg, dsql_error *err)
{
    struct asking *asking = arg;
    PGresult *result = dsql_conn_exec(conn, asking->sql, 0, NULL, asking->timeout_ms, &asking->err);
    *err = asking->err;
    dsql_status status = result == NULL && !asking->ignores ? err->status : DSQL_OK;
    PQclear(result);
    return status;
}

/* By its own limit, that of the transaction's statements, or that of the transaction. */
static void statement_of_a_body_is_cancelled(void **state)
{
    (void)state;
    struct asking askings[] = {{SLOW, CANCEL_LIMIT_MS, false, {0}},
                               {SLOW, CANCEL_LIMIT_MS, true, {0}},
                               {SLOW, 0, false, {0}},
                               {SLOW, 0, true, {0}}};
    for (size_t i = 0; i < sizeof askings / sizeof askings[0]; i++) {
        world_reset();
        dsql_pool *pool = world_pool(4, -1);
        dsql_transaction_options options = *short_statements();
        options.statement_timeout_ms = askings[i].timeout_ms == 0 ? CANCEL_LIMIT_MS : -1;
        dsql_error err = {0};
        assert_int_equal(dsql_transaction_with(pool, &options, ask, &askings[i], &err),
                         DSQL_ERR_TIMEOUT);
        assert_int_equal(askings[i].err.status, DSQL_ERR_TIMEOUT);
        assert_non_null(strstr(askings[i].err.message, askings[i].timeout_ms == 0
                                                           ? "(statement_timeout_ms)"
                                                           : "(timeout_ms)"));
        assert_int_equal(active(), 0);
        world_close(pool);
    }
}

/* First the limit, and then the grace period, but not the limit of the body. */
static void pass_limit_when_silent(void)
{
    static const int64_t times[] = {LIMIT_MS, LIMIT_MS, LIMIT_MS + 2000};
    static size_t looks;
    if (cutter_cuts() > 0) {
        atomic_store(&world.now_ms, times[looks]);
        looks += looks < 2 ? 1 : 0;
    }
}

static void statement_of_a_body_has_the_limit_of_the_transaction(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool_on(cutter_conninfo(), 4, 4, LIMIT_MS);
    cutter_arm("SELECT 7", CUT_SILENT, 1);
    atomic_store(&world.on_look, pass_limit_when_silent);
    struct asking asking = {"SELECT 7", -1, false, {0}};
    assert_int_equal(dsql_transaction(pool, ask, &asking, NULL), DSQL_ERR_TIMEOUT);
    assert_int_equal(asking.err.status, DSQL_ERR_TIMEOUT);
    expect_closed(pool);
}

static void expect_late(const char *before, const char *sql, dsql_status status)
{
    PGconn *conn = PQconnectdb(cutter_conninfo());
    assert_true(world_run(conn, before));
    cutter_arm(sql, CUT_SILENT, 1);
    struct body_events events = {
        .limits = {.clock = &world_clock, .deadline_ms = -1, .timeout_ms = LIMIT_MS}};
    assert_true(body_events_attach(conn, &events));
    atomic_store(&world.step_ms, SLOW_STEP_MS);
    dsql_error err = {0};
    assert_null(dsql_conn_exec(conn, sql, 0, NULL, 0, &err));
    assert_int_equal(err.status, status);
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
    PQfinish(conn);
    atomic_store(&world.step_ms, 0);
}

/* Only what cannot have been committed is a timeout. */
static void statement_that_may_have_committed_is_unknown(void **state)
{
    (void)state;
    expect_late("SELECT 1", ADD_ONE, DSQL_ERR_COMMIT_UNKNOWN);
    expect_late("BEGIN", ADD_ONE, DSQL_ERR_TIMEOUT);
    expect_late("BEGIN", "COMMIT", DSQL_ERR_COMMIT_UNKNOWN);
    expect_late("BEGIN", " ;\nEnd", DSQL_ERR_COMMIT_UNKNOWN);
    expect_late("BEGIN", "/* all */ COMMIT", DSQL_ERR_COMMIT_UNKNOWN);
    expect_late("BEGIN", "UPDATE counter SET n = 1 -- commit", DSQL_ERR_TIMEOUT);
}

static void statement_on_any_connection_works(void **state)
{
    (void)state;
    PGconn *conn = postgres_connect();
    static const char *const one[] = {"41"};
    dsql_error err = {0};
    PGresult *result = dsql_conn_exec(conn, "SELECT $1::int + 1", 1, one, 60000, &err);
    assert_string_equal(PQgetvalue(result, 0, 0), "42");
    PQclear(result);
    assert_null(dsql_conn_exec(conn, "SELECT 1 / 0", 0, NULL, 0, &err));
    assert_int_equal(err.status, DSQL_ERR_QUERY);
    assert_string_equal(err.sqlstate, "22012");
    assert_null(dsql_conn_exec(conn, "SELECT 1; SELECT 2", 0, NULL, -1, &err));
    assert_string_equal(err.sqlstate, "42601");
    assert_int_equal(PQisnonblocking(conn), 0);
    result = dsql_conn_exec(conn, "COPY (SELECT 1) TO STDOUT", 0, NULL, 0, &err);
    assert_int_equal(PQresultStatus(result), PGRES_COPY_OUT);
    PQclear(result);
    PQfinish(conn);
}

static void wrong_calls_are_usage_errors(void **state)
{
    (void)state;
    PGconn *conn = postgres_connect();
    dsql_error err = {0};
    assert_null(dsql_conn_exec(NULL, "SELECT 1", 0, NULL, 0, &err));
    assert_int_equal(err.status, DSQL_ERR_USAGE);
    assert_null(dsql_conn_exec(conn, NULL, 0, NULL, 0, NULL));
    assert_null(dsql_conn_exec(conn, "SELECT 1", 1, NULL, 0, NULL));
    assert_null(dsql_conn_exec(conn, "SELECT 1", -1, NULL, 0, NULL));
    assert_null(dsql_conn_exec(conn, "SELECT 1", 0, NULL, -2, NULL));
    assert_int_equal(PQsendQuery(conn, "SELECT 1"), 1);
    err = (dsql_error){0};
    assert_null(dsql_conn_exec(conn, "SELECT 1", 0, NULL, 0, &err));
    assert_int_equal(err.status, DSQL_ERR_USAGE);
    PQfinish(conn);
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
        ON_FRESH(body_that_waits_is_cut_off),
        ON_FRESH(loop_that_waits_is_cut_off),
        ON_FRESH(no_body_is_cut_off_before_its_time),
        ON_FRESH(body_that_has_committed_is_not_denied),
        ON_FRESH(watch_ends_with_its_connection),
        ON_FRESH(fork_leaves_the_watch_to_the_parent),
        ON_FRESH(without_a_descriptor_there_is_no_watch),
        ON_FRESH(statement_of_a_body_is_cancelled),
        ON_FRESH(statement_of_a_body_has_the_limit_of_the_transaction),
        ON_FRESH(statement_that_may_have_committed_is_unknown),
        ON_FRESH(statement_on_any_connection_works),
        ON_FRESH(wrong_calls_are_usage_errors),
        ON_FRESH(unread_results_are_ended),
        ON_FRESH(unread_results_that_never_come_are_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
