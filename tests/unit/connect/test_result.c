/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* dsql_check() with a plain PostgreSQL: what the server said, and what libpq itself says. */
#include "connect/libpq_text.h"
#include "postgres.h"
#include "unit.h"

#include <dsql.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static dsql_error refusal(PGconn *conn, const char *sql)
{
    dsql_error err = {0};
    assert_int_not_equal(dsql_check_clear(conn, PQexec(conn, sql), &err), DSQL_OK);
    return err;
}

/* ---- What the server said ---- */

static void fields_of_a_refusal_are_copied(void **state)
{
    (void)state;
    PGconn *conn = postgres_connect();
    PQclear(PQexec(conn,
                   "CREATE TEMP TABLE t (id int CONSTRAINT positive CHECK (id > 0), n int NOT "
                   "NULL); CREATE DOMAIN pg_temp.small AS int CHECK (VALUE < 9)"));
    dsql_error err = refusal(conn, "INSERT INTO t VALUES (-1, 2)");
    assert_int_equal(err.status, DSQL_ERR_QUERY);
    assert_string_equal(err.sqlstate, "23514");
    assert_string_equal(err.constraint_name, "positive");
    assert_string_equal(err.table_name, "t");
    assert_string_equal(err.detail, "Failing row contains (-1, 2).");
    assert_null(strstr(err.message, "-1, 2")); /* a value does not belong in a log */
    err = refusal(conn, "INSERT INTO t VALUES (1, NULL)");
    assert_string_equal(err.column_name, "n");
    err = refusal(conn, "SELECT 10::pg_temp.small");
    assert_string_equal(err.datatype_name, "small");
    assert_string_equal(err.constraint_name, "small_check");
    err = refusal(conn, "SELECT idd FROM t");
    assert_int_equal(err.statement_position, 8);
    assert_non_null(strstr(err.hint, "t.id"));
    assert_non_null(strstr(err.message, "does not exist at character 8; hint: "));
    assert_string_equal(err.constraint_name, "");
    PQfinish(conn);
}

static void constraint_that_the_text_does_not_name_is_in_the_message(void **state)
{
    (void)state;
    PGconn *conn = postgres_connect();
    dsql_error err = refusal(conn, "DO $$ BEGIN RAISE 'no' USING CONSTRAINT = 'c'; END $$");
    assert_string_equal(err.message, "no (constraint \"c\")");
    PQfinish(conn);
}

/* The library runs it again, so that advice would only make the line longer. */
static void conflict_has_its_detail_and_no_hint(void **state)
{
    (void)state;
    PGconn *conn = postgres_connect();
    dsql_error err =
        refusal(conn, "DO $$ BEGIN RAISE 'lost' USING ERRCODE = '40001', DETAIL = 'A row.', "
                      "HINT = 'Run the transaction again.'; END $$");
    assert_string_equal(err.message, "lost: A row");
    assert_string_equal(err.hint, "Run the transaction again.");
    PQfinish(conn);
}

/* The fields survive a primary message that alone would fill the error. */
static void long_texts_are_cut(void **state)
{
    (void)state;
    PGconn *conn = postgres_connect();
    dsql_error err = refusal(conn, "DO $$ BEGIN RAISE '%', repeat('ä', 1000) USING HINT = "
                                   "'Try again.', DETAIL = repeat('x', 1000); END $$");
    assert_non_null(strstr(err.message, "ä; hint: Try again."));
    assert_int_equal(strlen(err.detail), DSQL_ERROR_TEXT_SIZE - 1);
    PQfinish(conn);
}

/* ---- What libpq says ---- */

static void wrong_call_is_a_usage_error(void **state)
{
    (void)state;
    PGconn *conn = postgres_connect();
    dsql_error err = {0};
    assert_int_equal(dsql_check(conn, PQexec(conn, NULL), &err), DSQL_ERR_USAGE);
    assert_non_null(strstr(err.message, "null pointer"));
    assert_int_equal(PQsendQuery(conn, "SELECT 1"), 1);
    assert_int_equal(PQsendQuery(conn, "SELECT 1"), 0);
    assert_int_equal(dsql_check(conn, NULL, &err), DSQL_ERR_USAGE);
    assert_string_equal(err.sqlstate, "");
    PQfinish(conn);
}

static void query_that_was_not_sent_is_a_lost_connection(void **state)
{
    (void)state;
    PGconn *conn = postgres_connect();
    dsql_error err = {0};
    shutdown(PQsocket(conn), SHUT_RDWR);
    PQsendQuery(conn, "SELECT 1");
    assert_int_equal(dsql_check(conn, NULL, &err), DSQL_ERR_CONNECT);
    PQfinish(conn);
}

static int times_in(const char *text, const char *words)
{
    int times = 0;
    for (const char *at = strstr(text, words); at != NULL; at = strstr(at + 1, words)) {
        times++;
    }
    return times;
}

static void lost_connection_is_reported_once(void **state)
{
    (void)state;
    PGconn *conn = postgres_connect();
    postgres_kill(PQbackendPID(conn));
    dsql_error err = refusal(conn, "SELECT 1");
    assert_int_equal(err.status, DSQL_ERR_CONNECT);
    assert_int_equal(times_in(err.message, "server closed the connection"), 1);
    assert_int_equal(times_in(err.message, "This probably means"), 0);
    err = refusal(conn, "SELECT 1");
    assert_int_equal(err.status, DSQL_ERR_CONNECT);
    PQfinish(conn);
}

/* libpq keeps its message in the connection, so a result made from it looks as if memory ran out.
 */
static void memory_of_libpq_is_nomem(void **state)
{
    (void)state;
    PGconn *conn = postgres_connect();
    dsql_error err = refusal(conn, "DO $$ BEGIN RAISE 'out of memory'; END $$");
    assert_int_equal(err.status, DSQL_ERR_QUERY); /* the server's own */
    PGresult *result = PQmakeEmptyPGresult(conn, PGRES_FATAL_ERROR);
    assert_int_equal(dsql_check_clear(conn, result, &err), DSQL_ERR_NOMEM);
    assert_int_equal(dsql_check(conn, NULL, &err), DSQL_ERR_NOMEM);
    assert_string_equal(err.message, "out of memory");
    PQfinish(conn);
}

static void words_of_libpq_become_one_line(void **state)
{
    (void)state;
    char out[40];
    libpq_text_join(text_of("a b\n\tadvice\nc\na b\n\ng: change sslmode to disable\n"), out,
                    sizeof out);
    assert_string_equal(out, "a b; c");
    assert_string_equal(libpq_text_join(text_of(""), out, sizeof out), "");
    libpq_text_join(text_of("0123456789\n0123456789a\n0123456789b\n0123456789c"), out, sizeof out);
    assert_string_equal(out, "0123456789; 0123456789a; 0123456789b; 0");
    libpq_text_join(text_of("0\xc3\xa4\xc3\xa4"), out, 5);
    assert_string_equal(out, "0\xc3\xa4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_of_a_refusal_are_copied),
        cmocka_unit_test(constraint_that_the_text_does_not_name_is_in_the_message),
        cmocka_unit_test(conflict_has_its_detail_and_no_hint),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(wrong_call_is_a_usage_error),
        cmocka_unit_test(query_that_was_not_sent_is_a_lost_connection),
        cmocka_unit_test(lost_connection_is_reported_once),
        cmocka_unit_test(memory_of_libpq_is_nomem),
        cmocka_unit_test(words_of_libpq_become_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
