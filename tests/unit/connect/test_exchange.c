/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "connect/exchange.h"
#include "connect/wait.h"
#include "postgres.h"
#include "unit.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static PGresult *ask(PGconn *conn, const char *sql, int64_t ms)
{
    const struct clock *clock = clock_system();
    int64_t deadline_ms = ms < 0 ? -1 : clock_monotonic_ms(clock) + ms;
    return exchange_query(conn, sql, clock, deadline_ms);
}

static void expect_status(PGconn *conn, const char *sql, ExecStatusType status)
{
    PGresult *result = ask(conn, sql, -1);
    assert_int_equal(PQresultStatus(result), status);
    assert_int_equal(PQisnonblocking(conn), 0);
    PQclear(result);
}

static void the_last_result_of_a_query_is_returned(void **state)
{
    (void)state;
    PGconn *conn = postgres_connect();
    expect_status(conn, "BEGIN", PGRES_COMMAND_OK);
    expect_status(conn, "ROLLBACK; SELECT 2", PGRES_TUPLES_OK);
    expect_status(conn, "no such thing", PGRES_FATAL_ERROR);
    expect_status(conn, "", PGRES_EMPTY_QUERY);
    expect_status(conn, "SELECT repeat('x', 5000000)", PGRES_TUPLES_OK);
    PQfinish(conn);
}

static void a_copy_has_no_result(void **state)
{
    (void)state;
    static const char *const endless[] = {"COPY (SELECT 1) TO STDOUT", "COPY t FROM STDIN"};
    for (size_t i = 0; i < 2; i++) {
        PGconn *conn = postgres_connect();
        expect_status(conn, "CREATE TEMP TABLE t (n int)", PGRES_COMMAND_OK);
        assert_null(ask(conn, endless[i], -1));
        PQfinish(conn);
    }
}

static void a_lost_connection_has_no_result(void **state)
{
    (void)state;
    PGconn *conn = postgres_connect();
    assert_null(ask(conn, "SELECT pg_terminate_backend(pg_backend_pid())", -1));
    assert_null(ask(conn, "SELECT 1", -1));
    PQfinish(conn);
}

static char *long_comment(size_t size)
{
    char *sql = malloc(size + 1);
    assert_non_null(sql);
    memset(sql, ' ', size);
    memcpy(sql, "SELECT 1 --", 11);
    sql[size] = '\0';
    return sql;
}

/* The server's process is stopped: the socket fills up, or is silent. */
static void a_dead_network_does_not_outlast_the_deadline(void **state)
{
    (void)state;
    char *large = long_comment(20000000);
    const char *const queries[] = {"SELECT 1", large};
    for (size_t i = 0; i < 2; i++) {
        PGconn *conn = postgres_connect();
        int pid = PQbackendPID(conn);
        assert_int_equal(kill(pid, SIGSTOP), 0);
        assert_null(ask(conn, queries[i], 50));
        assert_null(ask(conn, queries[i], 0));
        assert_int_equal(kill(pid, SIGCONT), 0);
        PQfinish(conn);
    }
    free(large);
}

/* Cut off, so that not even PQexec() can wait for it afterwards. */
static void a_command_without_an_answer_ends_the_connection(void **state)
{
    (void)state;
    PGconn *conn = postgres_connect();
    int pid = PQbackendPID(conn);
    const struct clock *clock = clock_system();
    bool is_late = true;
    PQclear(exchange_command(conn, "BEGIN", clock, clock_monotonic_ms(clock) + 5000, &is_late));
    assert_false(is_late);
    assert_int_equal(PQtransactionStatus(conn), PQTRANS_INTRANS);
    assert_int_equal(kill(pid, SIGSTOP), 0);
    assert_null(exchange_command(conn, "COMMIT", clock, clock_monotonic_ms(clock) + 50, &is_late));
    assert_true(is_late);
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
    PGresult *result = PQexec(conn, "SELECT 1");
    assert_int_not_equal(PQresultStatus(result), PGRES_TUPLES_OK);
    PQclear(result);
    assert_int_equal(kill(pid, SIGCONT), 0);
    PQfinish(conn);
}

static void a_command_keeps_the_mode_of_the_connection(void **state)
{
    (void)state;
    PGconn *conn = postgres_connect();
    for (int mode = 0; mode < 2; mode++) {
        bool is_late = true;
        assert_int_equal(PQsetnonblocking(conn, mode), 0);
        PQclear(exchange_command(conn, "SELECT 1", clock_system(), -1, &is_late));
        assert_false(is_late);
        assert_int_equal(PQisnonblocking(conn), mode);
    }
    PQfinish(conn);
}

/* ---- Cancelling ---- */

/* The time comes when the statement sleeps: then a cancel request has an effect for certain. */
static int64_t when_it_sleeps(void *arg)
{
    (void)arg;
    return postgres_number("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") > 0
               ? 1000
               : 0;
}

static void a_statement_is_cancelled(void **state)
{
    (void)state;
    static const struct clock clock = {.monotonic_ms = when_it_sleeps};
    PGconn *conn = postgres_connect();
    struct exchange exchange = {
        .conn = conn, .clock = &clock, .deadline_ms = 1000, .may_cancel = true};
    assert_true(exchange_begin(&exchange));
    assert_int_equal(PQsendQuery(conn, "SELECT pg_sleep(60)"), 1);
    PGresult *result = exchange_finish(&exchange);
    assert_true(exchange_is_canceled(&exchange, result));
    assert_false(exchange.is_cut);
    assert_true(exchange_end(&exchange));
    PQclear(result);
    expect_status(conn, "SELECT 1", PGRES_TUPLES_OK);
    PQfinish(conn);
}

/* The second look comes at the end of the grace period. */
static int64_t fast_clock(void *arg)
{
    int64_t *now_ms = arg;
    *now_ms += EXCHANGE_GRACE_MS - 1;
    return *now_ms;
}

/*
 * The process that takes cancel requests is stopped, and those of the connections answer.  The
 * request would cancel whatever runs on the connection when it goes on.
 */
static void a_cancel_request_on_its_way_does_not_outlive_its_statement(void **state)
{
    (void)state;
    int64_t now_ms = 0;
    const struct clock clock = {.monotonic_ms = fast_clock, .arg = &now_ms};
    PGconn *conn = postgres_connect();
    pid_t postmaster =
        (pid_t)postgres_number("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)");
    assert_int_equal(kill(postmaster, SIGSTOP), 0);
    struct exchange exchange = {.conn = conn, .clock = &clock, .may_cancel = true};
    assert_true(exchange_begin(&exchange));
    assert_int_equal(PQsendQuery(conn, "SELECT 1"), 1);
    assert_true(wait_for_socket(conn, POLLIN, clock_system(), -1)); /* the answer is there */
    assert_null(exchange_finish(&exchange));
    assert_int_equal(kill(postmaster, SIGCONT), 0);
    assert_true(exchange.is_late);
    assert_true(exchange.is_cut);
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
    PQfinish(conn);
}

static void a_deadline_that_has_passed_does_not_wait(void **state)
{
    (void)state;
    PGconn *conn = postgres_connect();
    assert_false(wait_for_socket(conn, POLLIN, clock_system(), 0));
    assert_true(wait_for_socket(conn, POLLOUT, clock_system(), -1));
    PQfinish(conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_result_of_a_query_is_returned),
        cmocka_unit_test(a_copy_has_no_result),
        cmocka_unit_test(a_lost_connection_has_no_result),
        cmocka_unit_test(a_dead_network_does_not_outlast_the_deadline),
        cmocka_unit_test(a_command_without_an_answer_ends_the_connection),
        cmocka_unit_test(a_command_keeps_the_mode_of_the_connection),
        cmocka_unit_test(a_statement_is_cancelled),
        cmocka_unit_test(a_cancel_request_on_its_way_does_not_outlive_its_statement),
        cmocka_unit_test(a_deadline_that_has_passed_does_not_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
