/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* What a caller leaves behind on a connection, and what the next caller finds. */
#include "base/error.h"
#include "pools.h"
#include "postgres.h"
#include "unit.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* ---- The pool of all tests: on_connect sets, prepares and counts ---- */

struct setup {
    int connects;
    int fails_at;           /* the call of on_connect that fails; 0: none */
    bool sets_receiver;     /* its own notice receiver */
    int notices;            /* that this receiver has got */
    const char *on_acquire; /* SQL, or NULL */
    const char *on_release; /* SQL, or NULL */
    char log[512];
};

static void count_notice(void *arg, const PGresult *result)
{
    (void)result;
    ++*(int *)arg;
}

static dsql_status on_connect(PGconn *conn, void *arg, dsql_error *err)
{
    struct setup *setup = arg;
    setup->connects++;
    if (setup->connects == setup->fails_at) {
        return (fail)(err, DSQL_ERR_CALLBACK, "on_connect says no");
    }
    if (setup->sets_receiver) {
        PQsetNoticeReceiver(conn, count_notice, &setup->notices);
    }
    PQsetErrorVerbosity(conn, PQERRORS_TERSE);
    PQclear(PQexec(conn, "SET search_path = pg_catalog; SET TimeZone = 'Etc/GMT-5'"));
    PGresult *result = PQprepare(conn, "of_on_connect", "SELECT 42", 0, NULL);
    dsql_status status = dsql_check(conn, result, err);
    PQclear(result);
    return status;
}

static dsql_status on_acquire(PGconn *conn, void *arg, dsql_error *err)
{
    const struct setup *setup = arg;
    (void)err;
    if (setup->on_acquire != NULL) {
        PQclear(PQexec(conn, setup->on_acquire));
    }
    return DSQL_OK;
}

static void on_release(PGconn *conn, void *arg)
{
    const struct setup *setup = arg;
    if (setup->on_release != NULL) {
        PQclear(PQexec(conn, setup->on_release));
    }
}

static void take_log(void *arg, dsql_log_level level, const char *message)
{
    struct setup *setup = arg;
    (void)level;
    snprintf(setup->log, sizeof setup->log, "%s", message);
}

static dsql_pool *open_set_up(struct setup *setup, bool reset_on_release)
{
    struct pool_parts parts = pools_parts(1, 1000);
    parts.pool.on_connect = on_connect;
    parts.pool.on_connect_arg = setup;
    parts.pool.on_acquire = on_acquire;
    parts.pool.on_acquire_arg = setup;
    parts.pool.on_release = on_release;
    parts.pool.on_release_arg = setup;
    parts.pool.reset_on_release = reset_on_release;
    parts.logger = (struct logger){.write = take_log, .arg = setup};
    return pools_open(&parts);
}

static char *text_from(PGconn *conn, const char *sql, char *out, size_t size)
{
    PGresult *result = PQexec(conn, sql);
    snprintf(out, size, "%s",
             PQresultStatus(result) == PGRES_TUPLES_OK ? PQgetvalue(result, 0, 0) : "?");
    PQclear(result);
    return out;
}

static void assert_setting(PGconn *conn, const char *name, const char *expected)
{
    char sql[128];
    char value[128];
    snprintf(sql, sizeof sql, "SHOW %s", name);
    assert_string_equal(text_from(conn, sql, value, sizeof value), expected);
}

/* The session as on_connect leaves it. */
static void assert_clean(PGconn *conn)
{
    assert_setting(conn, "search_path", "pg_catalog");
    assert_setting(conn, "TimeZone", "Etc/GMT-5");
    assert_setting(conn, "client_encoding", "UTF8");
    assert_setting(conn, "default_transaction_read_only", "off");
    assert_setting(conn, "work_mem", "4MB");
    assert_int_equal(pools_ask(conn, "EXECUTE of_on_connect"), 42);
    assert_int_equal(pools_ask(conn, "SELECT count(*) FROM pg_prepared_statements"), 1);
}

static void stop(int pid)
{
    assert_int_equal(kill(pid, SIGSTOP), 0);
}

static void go_on(int pid)
{
    assert_int_equal(kill(pid, SIGCONT), 0);
}

/* ---- What is undone ---- */

static void what_a_caller_has_set_or_prepared_is_undone(void **state)
{
    (void)state;
    static const char *const changes[] = {
        "SET search_path = public",
        "SET work_mem = '9MB'",
        "BEGIN; SET work_mem = '9MB'; COMMIT",
        "SELECT 1; SET work_mem = '9MB'; SELECT 1",
        "SET client_encoding = 'LATIN1'",
        "SET default_transaction_read_only = on",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "SELECT set_config('TimeZone', 'UTC', false)", /* the server reports it */
        "DO 'BEGIN SET TimeZone = 1; END'",
        "PREPARE q AS SELECT 1",
        "RESET ALL",
        "RESET search_path",
        "DEALLOCATE of_on_connect",
        "DEALLOCATE ALL",
        "DISCARD ALL",
    };
    struct setup setup = {.connects = 0};
    dsql_pool *pool = open_set_up(&setup, false);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        PGconn *conn = pools_acquire(pool);
        PQclear(PQexec(conn, changes[i]));
        dsql_pool_release(pool, conn);
        assert_ptr_equal(pools_acquire(pool), conn);
        assert_clean(conn);
        dsql_pool_release(pool, conn);
        assert_int_equal(setup.connects, 2 + (int)i);
    }
    assert_int_equal(pools_stats(pool).opened, 1);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void a_prepared_statement_of_libpq_is_dropped(void **state)
{
    (void)state;
    struct setup setup = {.connects = 0};
    dsql_pool *pool = open_set_up(&setup, false);
    for (int i = 0; i < 2; i++) { /* the same name, twice */
        PGconn *conn = pools_acquire(pool);
        PGresult *result = PQprepare(conn, "mine", "SELECT 1", 0, NULL);
        assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
        PQclear(result);
        PQclear(PQexec(conn, "BEGIN"));
        dsql_pool_release(pool, conn);
    }
    PGconn *conn = pools_acquire(pool);
    assert_clean(conn);
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void a_session_after_pqreset_is_set_up(void **state)
{
    (void)state;
    struct setup setup = {.connects = 0};
    dsql_pool *pool = open_set_up(&setup, false);
    PGconn *conn = pools_acquire(pool);
    PQreset(conn);
    dsql_pool_release(pool, conn);
    assert_ptr_equal(pools_acquire(pool), conn);
    assert_clean(conn);
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

/* set_config() in a query has the command tag of that query. */
static void what_cannot_be_seen_is_undone_by_reset_on_release(void **state)
{
    (void)state;
    for (int is_forced = 0; is_forced < 2; is_forced++) {
        struct setup setup = {.connects = 0};
        dsql_pool *pool = open_set_up(&setup, is_forced == 1);
        PGconn *conn = pools_acquire(pool);
        PQclear(PQexec(conn, "SELECT set_config('work_mem', '9MB', false)"));
        dsql_pool_release(pool, conn);
        assert_ptr_equal(pools_acquire(pool), conn);
        assert_setting(conn, "work_mem", is_forced == 1 ? "4MB" : "9MB");
        assert_int_equal(pools_ask(conn, "EXECUTE of_on_connect"), 42);
        dsql_pool_release(pool, conn);
        assert_int_equal(setup.connects, is_forced == 1 ? 3 : 1);
        assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
    }
}

static void what_hooks_set_ends_with_the_release(void **state)
{
    (void)state;
    struct setup setup = {.on_acquire = "SET work_mem = '9MB'"};
    dsql_pool *pool = open_set_up(&setup, false);
    PGconn *conn = pools_acquire(pool);
    assert_setting(conn, "work_mem", "9MB");
    setup.on_acquire = NULL;
    setup.on_release = "SET work_mem = '8MB'";
    dsql_pool_release(pool, conn);
    assert_ptr_equal(pools_acquire(pool), conn);
    assert_clean(conn);
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void a_connection_that_cannot_be_set_up_again_is_closed(void **state)
{
    (void)state;
    struct setup setup = {.fails_at = 2};
    dsql_pool *pool = open_set_up(&setup, false);
    PGconn *conn = pools_acquire(pool);
    PQclear(PQexec(conn, "SET work_mem = '9MB'"));
    dsql_pool_release(pool, conn);
    assert_int_equal(pools_stats(pool).open, 0);
    assert_string_equal(setup.log, "pool: could not reset a released connection, which is closed: "
                                   "on_connect says no");
    conn = pools_acquire(pool);
    assert_clean(conn);
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

/* ---- What costs nothing ---- */

static void a_clean_connection_is_released_without_a_round_trip(void **state)
{
    (void)state;
    static const char *const uses[] = {
        "SELECT 1",
        "BEGIN; CREATE TABLE public.t (i int); DROP TABLE public.t; COMMIT",
        "BEGIN READ ONLY; SELECT 1; ROLLBACK",
        "SELECT nothing",
        "SELECT set_config('TimeZone', 'UTC', true)", /* ends with its transaction */
    };
    struct setup setup = {.connects = 0};
    dsql_pool *pool = open_set_up(&setup, false);
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        PGconn *conn = pools_acquire(pool);
        PQclear(PQexec(conn, uses[i]));
        PQclear(PQexecParams(conn, "SELECT 1", 0, NULL, NULL, NULL, NULL, 0));
        int pid = PQbackendPID(conn);
        stop(pid); /* a query would not be answered */
        dsql_pool_release(pool, conn);
        assert_ptr_equal(pools_acquire(pool), conn);
        dsql_pool_release(pool, conn);
        go_on(pid);
    }
    assert_int_equal(setup.connects, 1);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void a_batch_prepares_without_a_reset(void **state)
{
    (void)state;
    postgres_run("CREATE TABLE batched (i int)");
    struct setup setup = {.connects = 0};
    dsql_pool *pool = open_set_up(&setup, false);
    dsql_batch *batch =
        dsql_batch_new(pool, "INSERT INTO public.batched VALUES ($1)", 1, NULL, NULL);
    const char *value = "7";
    assert_int_equal(dsql_batch_add(batch, &value, NULL), DSQL_OK);
    assert_int_equal(dsql_batch_flush(batch, NULL), DSQL_OK);
    value = "no number";
    assert_int_equal(dsql_batch_add(batch, &value, NULL), DSQL_OK);
    assert_int_equal(dsql_batch_flush(batch, NULL), DSQL_ERR_QUERY);
    dsql_batch_free(batch);
    PQclear(dsql_exec(pool, "SELECT 1", 0, NULL, NULL));
    assert_int_equal(setup.connects, 1);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

/* ---- libpq's state ---- */

static const char notice[] = "DO 'BEGIN RAISE NOTICE $$hello$$; END'";

static void processed(void *arg, const char *message)
{
    (void)message;
    ++*(int *)arg;
}

static void libpq_has_the_state_of_on_connect_again(void **state)
{
    (void)state;
    struct setup setup = {.connects = 0};
    dsql_pool *pool = open_set_up(&setup, false);
    PGconn *conn = pools_acquire(pool);
    PQnoticeReceiver receiver = PQsetNoticeReceiver(conn, NULL, NULL);
    PQnoticeProcessor processor = PQsetNoticeProcessor(conn, NULL, NULL);
    int notices = 0;
    PQsetNoticeReceiver(conn, count_notice, &notices);
    PQsetNoticeProcessor(conn, processed, &notices);
    PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
    PQsetErrorContextVisibility(conn, PQSHOW_CONTEXT_NEVER);
    assert_int_equal(PQsetnonblocking(conn, 1), 0);
    int pid = PQbackendPID(conn);
    stop(pid);
    dsql_pool_release(pool, conn);
    assert_ptr_equal(pools_acquire(pool), conn);
    go_on(pid);
    assert_ptr_equal(PQsetNoticeReceiver(conn, NULL, NULL), receiver);
    assert_ptr_equal(PQsetNoticeProcessor(conn, NULL, NULL), processor);
    assert_int_equal(PQsetErrorVerbosity(conn, PQERRORS_DEFAULT), PQERRORS_TERSE);
    assert_int_equal(PQsetErrorContextVisibility(conn, PQSHOW_CONTEXT_ERRORS),
                     PQSHOW_CONTEXT_ERRORS);
    assert_int_equal(PQisnonblocking(conn), 0);
    dsql_pool_release(pool, conn);
    assert_int_equal(setup.connects, 1);
    assert_int_equal(notices, 0);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void count_another_notice(void *arg, const PGresult *result)
{
    count_notice(arg, result);
}

/* The receiver's argument may be gone when the pool or a hook uses the connection. */
static void the_pool_does_not_call_a_callers_notice_receiver(void **state)
{
    (void)state;
    struct setup setup = {.on_release = notice};
    dsql_pool *pool = open_set_up(&setup, false);
    PGconn *conn = pools_acquire(pool);
    int notices = 0;
    PQsetNoticeReceiver(conn, count_notice, &notices);
    PQsetNoticeProcessor(conn, processed, &notices);
    dsql_pool_release(pool, conn);
    assert_int_equal(notices, 0);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void the_receiver_of_on_connect_is_set_again_if_it_was_replaced(void **state)
{
    (void)state;
    struct setup setup = {.sets_receiver = true};
    dsql_pool *pool = open_set_up(&setup, false);
    PGconn *conn = pools_acquire(pool);
    PQclear(PQexec(conn, notice));
    dsql_pool_release(pool, conn);
    assert_int_equal(setup.notices, 1);
    assert_int_equal(setup.connects, 1); /* it was not replaced */
    conn = pools_acquire(pool);
    int notices = 0;
    PQsetNoticeReceiver(conn, count_another_notice, &notices);
    dsql_pool_release(pool, conn);
    assert_int_equal(setup.connects, 2);
    conn = pools_acquire(pool);
    PQclear(PQexec(conn, notice));
    assert_int_equal(setup.notices, 2);
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void a_trace_ends_with_the_release(void **state)
{
    (void)state;
    struct setup setup = {.connects = 0};
    dsql_pool *pool = open_set_up(&setup, false);
    PGconn *conn = pools_acquire(pool);
    FILE *file = tmpfile();
    assert_non_null(file);
    PQtrace(conn, file);
    assert_true(pools_works(conn));
    assert_true(ftell(file) > 0);
    dsql_pool_release(pool, conn);
    long length = ftell(file);
    conn = pools_acquire(pool);
    assert_true(pools_works(conn));
    assert_int_equal(ftell(file), length);
    dsql_pool_release(pool, conn);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_caller_has_set_or_prepared_is_undone),
        cmocka_unit_test(a_prepared_statement_of_libpq_is_dropped),
        cmocka_unit_test(a_session_after_pqreset_is_set_up),
        cmocka_unit_test(what_cannot_be_seen_is_undone_by_reset_on_release),
        cmocka_unit_test(what_hooks_set_ends_with_the_release),
        cmocka_unit_test(a_connection_that_cannot_be_set_up_again_is_closed),
        cmocka_unit_test(a_clean_connection_is_released_without_a_round_trip),
        cmocka_unit_test(a_batch_prepares_without_a_reset),
        cmocka_unit_test(libpq_has_the_state_of_on_connect_again),
        cmocka_unit_test(the_pool_does_not_call_a_callers_notice_receiver),
        cmocka_unit_test(the_receiver_of_on_connect_is_set_again_if_it_was_replaced),
        cmocka_unit_test(a_trace_ends_with_the_release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
