/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Conflicts that the proxy repeats, in both modes, and session mode with it: there a session keeps
 * its connection, and takes its settings and statements to the next one.
 */
#include "base/clock.h"
#include "postgres.h"
#include "proxy_world.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WAIT_MS = 30000 };

static int start_sessions(void **state)
{
    (void)state;
    return proxy_world_start_with((struct proxy_options){.retries = 3},
                                  (struct proxy_cluster_options){0});
}

static int start_short_lived(void **state)
{
    (void)state;
    return proxy_world_start_with(
        (struct proxy_options){.retries = 3, .lifetime_s = 1, .lifetime_grace_s = 1},
        (struct proxy_cluster_options){0});
}

static int start_short_lived_alone(void **state)
{
    (void)state;
    return proxy_world_start_with(
        (struct proxy_options){.retries = 3, .lifetime_s = 1, .lifetime_grace_s = 2},
        (struct proxy_cluster_options){.max_servers = 1});
}

static int start_transactions(void **state)
{
    (void)state;
    return proxy_world_start_with(
        (struct proxy_options){.pool_mode = PROXY_POOL_TRANSACTION, .retries = 3},
        (struct proxy_cluster_options){.max_servers = 2});
}

static int start_many_retries(void **state)
{
    (void)state;
    return proxy_world_start_with((struct proxy_options){.retries = 12},
                                  (struct proxy_cluster_options){0});
}

static int start_transactions_with_many_retries(void **state)
{
    (void)state;
    return proxy_world_start_with(
        (struct proxy_options){.pool_mode = PROXY_POOL_TRANSACTION, .retries = 12},
        (struct proxy_cluster_options){.max_servers = 2});
}

static int backend(PGconn *conn)
{
    return atoi(proxy_world_ask(conn, "SELECT pg_backend_pid()"));
}

/* ---- Conflicts -------------------------------------------------------------- */

/* Fails with a conflict for so many calls; a sequence is not rolled back. */
static void make_conflicts(int count)
{
    char sql[512];
    postgres_run("DROP TABLE IF EXISTS ledger; CREATE TABLE ledger (id int);"
                 "DROP SEQUENCE IF EXISTS calls; CREATE SEQUENCE calls;"
                 "GRANT ALL ON ledger, calls TO admin");
    snprintf(sql, sizeof sql,
             "CREATE OR REPLACE FUNCTION pay(id int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN "
             "INSERT INTO ledger VALUES (id); IF nextval('calls') <= %d THEN RAISE "
             "'change conflicts with another transaction (OC000)' USING ERRCODE = '40001'; "
             "END IF; RETURN id; END $$",
             count);
    postgres_run(sql);
}

static void statement_with_a_conflict_is_run_again(void **state)
{
    (void)state;
    make_conflicts(2);
    PGconn *conn = proxy_world_login();
    assert_string_equal(proxy_world_ask(conn, "SELECT pay(7)"), "7");
    assert_int_equal(postgres_number("SELECT count(*) FROM ledger"), 1);
    assert_int_equal(postgres_number("SELECT last_value FROM calls"), 3);
    PQfinish(conn);
}

static void batch_with_a_conflict_is_run_again(void **state)
{
    (void)state;
    const char *values[] = {"7"};
    make_conflicts(1);
    PGconn *conn = proxy_world_login();
    PGresult *result = PQexecParams(conn, "SELECT pay($1::int)", 1, NULL, values, NULL, NULL, 0);
    assert_string_equal(PQgetvalue(result, 0, 0), "7");
    PQclear(result);
    assert_int_equal(postgres_number("SELECT count(*) FROM ledger"), 1);
    PQfinish(conn);
}

/* The statement was prepared in the batch that fails, and stays although it fails. */
static void prepared_statement_with_a_conflict_is_run_again(void **state)
{
    (void)state;
    const char *values[] = {"7"};
    PGconn *conn = proxy_world_login();
    make_conflicts(2);
    PGresult *result = PQprepare(conn, "pay", "SELECT pay($1::int)", 1, NULL);
    assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
    for (int i = 1; i <= 2; i++) {
        result = PQexecPrepared(conn, "pay", 1, values, NULL, NULL, 0);
        assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
        PQclear(result);
        assert_int_equal(postgres_number("SELECT count(*) FROM ledger"), i);
    }
    PQfinish(conn);
}

/* The first one is run again before the second one is sent to the server. */
static void statements_of_a_pipeline_are_run_again_in_order(void **state)
{
    (void)state;
    enum { STATEMENTS = 5 };
    make_conflicts(3);
    PGconn *conn = proxy_world_login();
    assert_int_equal(PQenterPipelineMode(conn), 1);
    for (int i = 0; i < STATEMENTS; i++) {
        assert_int_equal(PQsendQueryParams(conn, "SELECT pay(7)", 0, NULL, NULL, NULL, NULL, 0), 1);
        assert_int_equal(PQpipelineSync(conn), 1);
    }
    for (int i = 0; i < STATEMENTS; i++) {
        PGresult *result = PQgetResult(conn);
        assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
        PQclear(result);
        assert_null(PQgetResult(conn));
        PGresult *sync = PQgetResult(conn);
        assert_int_equal(PQresultStatus(sync), PGRES_PIPELINE_SYNC);
        PQclear(sync);
    }
    assert_int_equal(postgres_number("SELECT count(*) FROM ledger"), STATEMENTS);
    PQfinish(conn);
}

/* The second batch is one that the client sent without knowing what the first one did. */
static void block_in_a_pipeline_is_not_run_again(void **state)
{
    (void)state;
    static const char *const batch[] = {"BEGIN", "SELECT pay(7)", "COMMIT"};
    make_conflicts(1);
    PGconn *conn = proxy_world_login();
    assert_int_equal(PQenterPipelineMode(conn), 1);
    for (size_t i = 0; i < sizeof batch / sizeof batch[0]; i++) {
        assert_int_equal(PQsendQueryParams(conn, batch[i], 0, NULL, NULL, NULL, NULL, 0), 1);
    }
    assert_int_equal(PQpipelineSync(conn), 1);
    bool has_failed = false;
    PGresult *result = PQgetResult(conn);
    while (PQresultStatus(result) != PGRES_PIPELINE_SYNC) {
        has_failed = has_failed || PQresultStatus(result) == PGRES_FATAL_ERROR;
        PQclear(result);
        result = PQgetResult(conn);
    }
    PQclear(result);
    assert_true(has_failed);
    assert_int_equal(postgres_number("SELECT last_value FROM calls"), 1);
    PQfinish(conn);
}

static void several_statements_are_not_run_again(void **state)
{
    (void)state;
    static const char block[] = "DO $$ BEGIN PERFORM pay(7); COMMIT; END $$";
    make_conflicts(3);
    PGconn *conn = proxy_world_login();
    proxy_world_expect_state(conn, "SELECT 1; SELECT pay(7)", "40001");
    proxy_world_expect_state(conn, block, "40001");
    PGresult *result = PQexecParams(conn, block, 0, NULL, NULL, NULL, NULL, 0);
    assert_string_equal(PQresultErrorField(result, PG_DIAG_SQLSTATE), "40001");
    PQclear(result);
    assert_int_equal(postgres_number("SELECT last_value FROM calls"), 3);
    PQfinish(conn);
}

/* The connection is lost where the conflict would have come: nobody knows whether it committed. */
static void lost_answer_is_not_a_conflict(void **state)
{
    (void)state;
    make_conflicts(0);
    PGconn *conn = proxy_world_login();
    PQclear(PQexec(conn, "SELECT pay(7), pg_terminate_backend(pg_backend_pid())"));
    proxy_world_expect_last_words(conn, "terminating connection");
    assert_int_equal(postgres_number("SELECT last_value FROM calls"), 1);
    PQfinish(conn);
}

static void conflict_that_stays_is_that_of_the_client(void **state)
{
    (void)state;
    make_conflicts(100);
    PGconn *conn = proxy_world_login();
    proxy_world_expect_state(conn, "SELECT pay(7)", "40001");
    assert_int_equal(postgres_number("SELECT last_value FROM calls"), 4); /* 1 and 3 retries */
    assert_int_equal(postgres_number("SELECT count(*) FROM ledger"), 0);
    assert_string_equal(proxy_world_ask(conn, "SELECT 1"), "1");
    PQfinish(conn);
}

/* From the fifth attempt on the waits are long beside a statement. */
static void cancel_ends_the_retries(void **state)
{
    (void)state;
    char error[256];
    make_conflicts(1000);
    PGconn *conn = proxy_world_login();
    assert_int_equal(PQsendQuery(conn, "SELECT pay(7)"), 1);
    while (postgres_number("SELECT last_value FROM calls") < 5) {
    }
    PGcancel *cancel = PQgetCancel(conn);
    assert_int_equal(PQcancel(cancel, error, sizeof error), 1);
    PQfreeCancel(cancel);
    PGresult *result = PQgetResult(conn);
    assert_string_equal(PQresultErrorField(result, PG_DIAG_SQLSTATE), "40001");
    PQclear(result);
    assert_null(PQgetResult(conn));
    assert_in_range(postgres_number("SELECT last_value FROM calls"), 5, 6);
    assert_string_equal(proxy_world_ask(conn, "SELECT 'goes on'"), "goes on");
    assert_int_equal(postgres_number("SELECT count(*) FROM ledger"), 0);
    PQfinish(conn);
}

static void transaction_block_is_never_run_again(void **state)
{
    (void)state;
    make_conflicts(1);
    PGconn *conn = proxy_world_login();
    proxy_world_expect_state(conn, "BEGIN", NULL);
    proxy_world_expect_state(conn, "SELECT pay(7)", "40001");
    proxy_world_expect_state(conn, "ROLLBACK", NULL);
    assert_int_equal(postgres_number("SELECT last_value FROM calls"), 1);
    PQfinish(conn);
}

/* More rows than the proxy holds, and then the conflict. */
static void delivered_rows_are_not_repeated(void **state)
{
    (void)state;
    make_conflicts(1);
    PGconn *conn = proxy_world_login();
    proxy_world_expect_state(conn,
                             "SELECT repeat('x', 1000) FROM generate_series(1, 1000) g UNION ALL "
                             "SELECT pay(7)::text",
                             "40001");
    assert_int_equal(postgres_number("SELECT last_value FROM calls"), 1);
    PQfinish(conn);
}

/* ---- Sessions ---------------------------------------------------------------- */

static void session_keeps_its_connection(void **state)
{
    (void)state;
    PGconn *one = proxy_world_login();
    PGconn *two = proxy_world_login();
    int first = backend(one);
    int second = backend(two);
    assert_int_not_equal(first, second);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(backend(one), first);
        assert_int_equal(backend(two), second);
    }
    PQfinish(one);
    PQfinish(two);
}

/* What no other connection would have is still there after the retry. */
static void session_keeps_its_connection_for_a_retry(void **state)
{
    (void)state;
    PGconn *conn = proxy_world_login();
    int first = backend(conn);
    make_conflicts(2);
    proxy_world_expect_state(conn, "SELECT set_config('my.own', 'kept', false)", NULL);
    assert_string_equal(proxy_world_ask(conn, "SELECT pay(7)"), "7");
    assert_string_equal(proxy_world_ask(conn, "SELECT current_setting('my.own')"), "kept");
    make_conflicts(2);
    proxy_world_expect_state(conn, "CREATE TEMP TABLE mine (id int)", NULL);
    assert_string_equal(proxy_world_ask(conn, "SELECT pay(7)"), "7");
    assert_string_equal(proxy_world_ask(conn, "SELECT count(*) FROM mine"), "0");
    assert_int_equal(backend(conn), first);
    PQfinish(conn);
}

static void nobody_gets_the_connection_of_another_session(void **state)
{
    (void)state;
    PGconn *conn = proxy_world_login();
    int first = backend(conn);
    proxy_world_expect_state(conn, "SELECT set_config('my.own', 'secret', false)", NULL);
    PQfinish(conn);
    conn = proxy_world_login();
    assert_int_not_equal(backend(conn), first);
    assert_string_equal(proxy_world_ask(conn, "SELECT current_setting('my.own', true)"), "");
    PQfinish(conn);
}

/* Named by SQL, used by the protocol. */
static void statement_that_sql_has_prepared_can_be_bound(void **state)
{
    (void)state;
    PGconn *conn = proxy_world_login();
    proxy_world_expect_state(conn, "PREPARE s AS SELECT 7", NULL);
    PGresult *result = PQexecPrepared(conn, "s", 0, NULL, NULL, NULL, 0);
    assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
    PQclear(result);
    proxy_world_expect_state(conn, "DEALLOCATE s", NULL);
    PQfinish(conn);
}

static void notification_comes_while_nothing_is_asked(void **state)
{
    (void)state;
    PGconn *conn = proxy_world_login();
    proxy_world_expect_state(conn, "LISTEN news", NULL);
    postgres_run("NOTIFY news, 'first'");
    PGnotify *notify = NULL;
    int64_t until_ms = clock_monotonic_ms(clock_system()) + WAIT_MS;
    while (notify == NULL && clock_monotonic_ms(clock_system()) < until_ms) {
        assert_int_equal(PQconsumeInput(conn), 1);
        notify = PQnotifies(conn);
        usleep(1000);
    }
    assert_non_null(notify);
    assert_string_equal(notify->extra, "first");
    PQfreemem(notify);
    PQfinish(conn);
}

static void client_is_told_its_parameters_before_it_sends(void **state)
{
    (void)state;
    PGconn *conn = proxy_world_expect_login(
        proxy_world_try_socket("admin", "client_encoding=LATIN1 application_name=tester"));
    assert_string_equal(PQparameterStatus(conn, "client_encoding"), "LATIN1");
    assert_string_equal(proxy_world_ask(conn, "SHOW client_encoding"), "LATIN1");
    assert_string_equal(proxy_world_ask(conn, "SHOW application_name"), "dsql-proxy:tester");
    PQfinish(conn);
}

static void wrong_parameter_is_told_in_the_words_of_the_server(void **state)
{
    (void)state;
    proxy_world_expect_failure(proxy_world_try_socket("admin", "options='-c datestyle=nonsense'"),
                               "invalid value for parameter \"DateStyle\"");
}

static void settings_and_statements_move_with_the_session(void **state)
{
    (void)state;
    PGconn *conn = proxy_world_login();
    proxy_world_expect_state(conn, "SET search_path = pg_catalog, public", NULL);
    PQclear(PQprepare(conn, "s", "SELECT pg_backend_pid()", 0, NULL));
    int first = 0;
    int moves = -1;
    int64_t until_ms = clock_monotonic_ms(clock_system()) + WAIT_MS;
    while (moves < 2 && clock_monotonic_ms(clock_system()) < until_ms) {
        PGresult *result = PQexecPrepared(conn, "s", 0, NULL, NULL, NULL, 0);
        assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
        int present = atoi(PQgetvalue(result, 0, 0));
        PQclear(result);
        moves += present == first ? 0 : 1;
        first = present;
        assert_string_equal(proxy_world_ask(conn, "SHOW search_path"), "pg_catalog, public");
        usleep(10000);
    }
    assert_int_equal(moves, 2);
    PQfinish(conn);
}

/* It is not cut, and the session goes on with another connection. */
static void session_moves_after_a_long_transaction(void **state)
{
    (void)state;
    PGconn *conn = proxy_world_login();
    proxy_world_expect_state(conn, "BEGIN", NULL);
    int first = backend(conn);
    proxy_world_expect_state(conn, "SELECT pg_sleep(1.2)", NULL);
    assert_int_equal(backend(conn), first);
    proxy_world_expect_state(conn, "COMMIT", NULL);
    assert_int_not_equal(backend(conn), first);
    PQfinish(conn);
}

static void session_with_what_cannot_be_moved_hears_57p01(void **state)
{
    (void)state;
    static const char *const pins[] = {"LISTEN news", "SELECT set_config('my.own', 'kept', false)",
                                       "SELECT pg_advisory_lock_shared(1)", "EXECUTE lock"};
    enum { PINS = 2 * sizeof pins / sizeof pins[0] }; /* by each protocol */
    PGconn *conns[PINS];
    for (int i = 0; i < PINS; i++) {
        conns[i] = proxy_world_login();
        if (text_starts_with(text_of(pins[i / 2]), "EXECUTE")) {
            PQclear(PQprepare(conns[i], "lock", "SELECT pg_advisory_lock_shared(1)", 0, NULL));
        }
        PGresult *result = i % 2 == 0
                               ? PQexec(conns[i], pins[i / 2])
                               : PQexecParams(conns[i], pins[i / 2], 0, NULL, NULL, NULL, NULL, 0);
        assert_null(PQresultErrorField(result, PG_DIAG_SQLSTATE));
        PQclear(result);
    }
    int64_t until_ms = clock_monotonic_ms(clock_system()) + WAIT_MS;
    for (int i = 0; i < PINS; i++) {
        proxy_world.notice[0] = '\0';
        while (PQstatus(conns[i]) == CONNECTION_OK &&
               clock_monotonic_ms(clock_system()) < until_ms) {
            PQclear(PQexec(conns[i], "SELECT 1"));
            usleep(20000);
        }
        proxy_world_expect_last_words(conns[i], "maximum connection duration");
        PQfinish(conns[i]);
    }
}

static void expect_move(PGconn *conn)
{
    int first = backend(conn);
    int64_t until_ms = clock_monotonic_ms(clock_system()) + WAIT_MS;
    while (backend(conn) == first && clock_monotonic_ms(clock_system()) < until_ms) {
        usleep(10000);
    }
    assert_int_not_equal(backend(conn), first);
}

static void function_that_is_not_called_pins_nothing(void **state)
{
    (void)state;
    PGconn *conn = proxy_world_login();
    PQclear(PQprepare(conn, "never", "SELECT pg_advisory_lock(2)", 0, NULL));
    expect_move(conn);
    PQfinish(conn);
}

/* There can be no second connection beside it. */
static void session_moves_when_all_connections_are_in_use(void **state)
{
    (void)state;
    PGconn *conn = proxy_world_login();
    expect_move(conn);
    PQfinish(conn);
}

/*
 * The thread of the proxy may be changing the number.  Any value that it has had is good enough, as
 * the caller asks again, so the thread sanitizer does not look here.
 */
__attribute__((no_sanitize("thread"))) static bool has_active_servers(void)
{
    return proxy_cluster_counters(proxy_world.proxy, 0)->servers_active > 0;
}

static void idle_session_survives_the_end_of_its_connection(void **state)
{
    (void)state;
    PGconn *conn = proxy_world_login();
    proxy_world_expect_state(conn, "SET search_path = pg_catalog", NULL);
    postgres_kill(backend(conn));
    while (has_active_servers()) {
        usleep(1000); /* until the proxy has noticed */
    }
    assert_string_equal(proxy_world_ask(conn, "SHOW search_path"), "pg_catalog");
    proxy_world_expect_state(conn, "BEGIN", NULL);
    postgres_kill(backend(conn));
    PQclear(PQexec(conn, "SELECT 1"));
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
    PQfinish(conn);
}

static void drain_ends_an_idle_session_and_waits_for_a_transaction(void **state)
{
    (void)state;
    PGconn *idle = proxy_world_login();
    PGconn *busy = proxy_world_login();
    assert_string_equal(proxy_world_ask(idle, "SELECT 1"), "1");
    proxy_world_expect_state(busy, "BEGIN", NULL);
    uv_async_send(&proxy_world.drain);
    while (PQstatus(idle) == CONNECTION_OK) {
        PQclear(PQexec(idle, "SELECT 1"));
    }
    proxy_world_expect_last_words(idle, "administrator command");
    proxy_world_expect_state(busy, "SELECT 1", NULL);
    proxy_world_expect_state(busy, "COMMIT", NULL);
    PQfinish(idle);
    PQfinish(busy);
}

#define IN_BOTH_MODES(test)                                                                        \
    cmocka_unit_test_setup_teardown(test, start_sessions, proxy_world_stop),                       \
        cmocka_unit_test_setup_teardown(test, start_transactions, proxy_world_stop)
#define WITH(test, start) cmocka_unit_test_setup_teardown(test, start, proxy_world_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BOTH_MODES(statement_with_a_conflict_is_run_again),
        IN_BOTH_MODES(batch_with_a_conflict_is_run_again),
        IN_BOTH_MODES(prepared_statement_with_a_conflict_is_run_again),
        IN_BOTH_MODES(statements_of_a_pipeline_are_run_again_in_order),
        IN_BOTH_MODES(block_in_a_pipeline_is_not_run_again),
        IN_BOTH_MODES(several_statements_are_not_run_again),
        IN_BOTH_MODES(lost_answer_is_not_a_conflict),
        IN_BOTH_MODES(conflict_that_stays_is_that_of_the_client),
        WITH(cancel_ends_the_retries, start_many_retries),
        WITH(cancel_ends_the_retries, start_transactions_with_many_retries),
        IN_BOTH_MODES(transaction_block_is_never_run_again),
        IN_BOTH_MODES(delivered_rows_are_not_repeated),
        IN_BOTH_MODES(client_is_told_its_parameters_before_it_sends),
        WITH(wrong_parameter_is_told_in_the_words_of_the_server, start_sessions),
        WITH(session_keeps_its_connection, start_sessions),
        WITH(session_keeps_its_connection_for_a_retry, start_sessions),
        WITH(nobody_gets_the_connection_of_another_session, start_sessions),
        WITH(statement_that_sql_has_prepared_can_be_bound, start_sessions),
        WITH(notification_comes_while_nothing_is_asked, start_sessions),
        WITH(settings_and_statements_move_with_the_session, start_short_lived),
        WITH(session_moves_after_a_long_transaction, start_short_lived),
        WITH(session_with_what_cannot_be_moved_hears_57p01, start_short_lived),
        WITH(function_that_is_not_called_pins_nothing, start_short_lived),
        WITH(session_moves_when_all_connections_are_in_use, start_short_lived_alone),
        WITH(idle_session_survives_the_end_of_its_connection, start_sessions),
        cmocka_unit_test_setup_teardown(drain_ends_an_idle_session_and_waits_for_a_transaction,
                                        start_sessions, proxy_world_join),
    };
    return cmocka_run_group_tests(tests, proxy_world_make_roles, NULL);
}
