/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The proxy in session mode, in the world of proxy_world.h. */
#include "base/clock.h"
#include "postgres.h"
#include "proxy_world.h"
#include "unit.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DESCRIPTORS = 1024 }; /* that a test may have open */

/* ---- Coming in ----------------------------------------------------------- */

static void user_of_the_socket_needs_no_password(void **state)
{
    (void)state;
    PGconn *conn = proxy_world_login();
    assert_string_equal(proxy_world_ask(conn, "SELECT current_user"), "admin");
    assert_string_equal(PQparameterStatus(conn, "server_version"), "16.15");
    PQfinish(conn);
}

static void role_is_that_of_the_client(void **state)
{
    (void)state;
    PGconn *conn = proxy_world_expect_login(proxy_world_try_socket("app", ""));
    assert_string_equal(proxy_world_ask(conn, "SELECT current_user"), "app");
    PQfinish(conn);
}

static void tcp_client_proves_its_password(void **state)
{
    (void)state;
    PGconn *conn = proxy_world_expect_login(proxy_world_try_tcp("admin", PASSWORD));
    assert_string_equal(proxy_world_ask(conn, "SELECT current_user"), "admin");
    PQfinish(conn);
    proxy_world_expect_failure(proxy_world_try_tcp("admin", "wrong"),
                               "password authentication failed for user \"admin\"");
    proxy_world_expect_failure(proxy_world_try_tcp("nobody", PASSWORD),
                               "password authentication failed for user \"nobody\"");
}

/* The other end of a connection is in this process, too; -1: none. */
static int find_other_end(int fd)
{
    struct sockaddr_in own;
    struct sockaddr_in peer;
    socklen_t size = sizeof own;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &size), 0);
    for (int other = 0; other < DESCRIPTORS; other++) {
        size = sizeof peer;
        if (getpeername(other, (struct sockaddr *)&peer, &size) == 0 &&
            peer.sin_family == AF_INET && peer.sin_port == own.sin_port) {
            return other;
        }
    }
    return -1;
}

/* Its transaction would keep a connection to the cluster for ever. */
static void client_whose_machine_is_gone_is_noticed(void **state)
{
    (void)state;
    int is_on = 0;
    socklen_t size = sizeof is_on;
    PGconn *conn = proxy_world_expect_login(proxy_world_try_tcp("admin", PASSWORD));
    int fd = find_other_end(PQsocket(conn));
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &is_on, &size), 0);
    assert_int_equal(is_on, 1);
    PQfinish(conn);
}

static void refused_role_is_told_in_the_words_of_the_server(void **state)
{
    (void)state;
    proxy_world_expect_failure(proxy_world_try_socket("stranger", ""),
                               "is not authorized to access this resource");
}

static void application_name_has_a_prefix(void **state)
{
    (void)state;
    PGconn *conn =
        proxy_world_expect_login(proxy_world_try_socket("admin", "application_name=tester"));
    assert_string_equal(proxy_world_ask(conn, "SHOW application_name"), "dsql-proxy:tester");
    PQfinish(conn);
}

static void parameter_that_the_service_refuses_is_dropped(void **state)
{
    (void)state;
    PGconn *conn = proxy_world_expect_login(proxy_world_try_socket(
        "admin", "options='-c statement_timeout=5s -c search_path=pg_catalog'"));
    assert_string_equal(proxy_world_ask(conn, "SHOW search_path"), "pg_catalog");
    assert_int_equal(atomic_load(&proxy_world.warnings), 1);
    PQfinish(conn);
    PQfinish(proxy_world_expect_login(
        proxy_world_try_socket("admin", "options='-c statement_timeout=6s'")));
    assert_int_equal(atomic_load(&proxy_world.warnings), 1); /* said once */
}

static void server_with_another_ca_is_not_trusted(void **state)
{
    (void)state;
    proxy_world_expect_failure(proxy_world_try_socket("admin", ""),
                               "the certificate of the server is not valid");
}

/* ---- A session ------------------------------------------------------------ */

static void megabytes_pass_both_ways(void **state)
{
    (void)state;
    enum { SIZE = 8 * 1024 * 1024 };
    char *big = malloc(SIZE + 1);
    assert_non_null(big);
    memset(big, 'x', SIZE);
    big[SIZE] = '\0';
    const char *values[] = {big};
    PGconn *conn = proxy_world_login();
    PGresult *result =
        PQexecParams(conn, "SELECT $1::text || $1::text", 1, NULL, values, NULL, NULL, 0);
    assert_int_equal(PQgetlength(result, 0, 0), 2 * SIZE);
    PQclear(result);
    PQfinish(conn);
    free(big);
}

/* A cancel request that comes before its query has no effect, so it is sent when this runs. */
static void expect_cancel(PGconn *conn)
{
    char error[256] = "";
    assert_int_equal(PQsendQuery(conn, "SELECT pg_sleep(60)"), 1);
    while (postgres_number("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND "
                           "query = 'SELECT pg_sleep(60)'") == 0) {
        usleep(1000);
    }
    PGcancel *cancel = PQgetCancel(conn);
    assert_int_equal(PQcancel(cancel, error, sizeof error), 1);
    PQfreeCancel(cancel);
    PGresult *result = PQgetResult(conn);
    assert_int_equal(PQresultStatus(result), PGRES_FATAL_ERROR);
    assert_string_equal(PQresultErrorField(result, PG_DIAG_SQLSTATE), "57014");
    PQclear(result);
}

static void cancel_reaches_its_session_only(void **state)
{
    (void)state;
    PGconn *other = proxy_world_login();
    PGconn *conn = proxy_world_login();
    assert_int_equal(PQsendQuery(other, "SELECT pg_sleep(0.5)"), 1);
    expect_cancel(conn);
    PQfinish(conn);
    PGresult *result = PQgetResult(other);
    assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
    PQclear(result);
    PQfinish(other);
}

static void killed_server_ends_the_session_with_an_error(void **state)
{
    (void)state;
    PGconn *conn = proxy_world_login();
    postgres_kill(atoi(proxy_world_ask(conn, "SELECT pg_backend_pid()")));
    PQclear(PQexec(conn, "SELECT 1"));
    proxy_world_expect_last_words(conn, "terminating connection due to administrator command");
    PQfinish(conn);
    PQfinish(proxy_world_login());
}

/* ---- The end of a lifetime ------------------------------------------------ */

static void idle_session_moves_unseen(void **state)
{
    (void)state;
    PGconn *conn = proxy_world_login();
    int first = atoi(proxy_world_ask(conn, "SELECT pg_backend_pid()"));
    int moves = 0;
    int64_t until_ms = clock_monotonic_ms(clock_system()) + 30000;
    while (moves < 2 && clock_monotonic_ms(clock_system()) < until_ms) {
        int now = atoi(proxy_world_ask(conn, "SELECT pg_backend_pid()"));
        moves += now == first ? 0 : 1;
        first = now;
        usleep(10000);
    }
    assert_int_equal(moves, 2);
    expect_cancel(conn); /* with the key that the client got first */
    PQfinish(conn);
}

static void wait_for_end(PGconn *conn)
{
    int64_t until_ms = clock_monotonic_ms(clock_system()) + 30000;
    while (PQstatus(conn) == CONNECTION_OK && clock_monotonic_ms(clock_system()) < until_ms) {
        PQconsumeInput(conn);
        PQclear(PQexec(conn, "SELECT 1"));
        usleep(20000);
    }
    assert_int_equal(PQstatus(conn), CONNECTION_BAD);
}

static void session_with_settings_hears_57p01(void **state)
{
    (void)state;
    PGconn *conn = proxy_world_login();
    proxy_world_expect_state(conn, "SET search_path = pg_catalog", NULL);
    wait_for_end(conn);
    proxy_world_expect_last_words(conn, "maximum connection duration");
    PQfinish(conn);
}

static void transaction_is_not_cut(void **state)
{
    (void)state;
    PGconn *conn = proxy_world_login();
    proxy_world_expect_state(conn, "BEGIN", NULL);
    proxy_world_expect_state(conn, "SELECT pg_sleep(2.5)", NULL);
    proxy_world_expect_state(conn, "COMMIT", NULL);
    wait_for_end(conn);
    PQfinish(conn);
}

/* ---- Stopping ------------------------------------------------------------- */

static void drain_waits_for_a_transaction(void **state)
{
    (void)state;
    PGconn *idle = proxy_world_login();
    PGconn *busy = proxy_world_login();
    proxy_world_expect_state(busy, "BEGIN", NULL);
    uv_async_send(&proxy_world.drain);
    wait_for_end(idle);
    proxy_world_expect_last_words(idle, "administrator command");
    proxy_world_expect_state(busy, "SELECT 1", NULL);
    proxy_world_expect_state(busy, "COMMIT", NULL);
    wait_for_end(busy);
    PQfinish(idle);
    PQfinish(busy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(user_of_the_socket_needs_no_password, proxy_world_start,
                                        proxy_world_stop),
        cmocka_unit_test_setup_teardown(role_is_that_of_the_client, proxy_world_start,
                                        proxy_world_stop),
        cmocka_unit_test_setup_teardown(tcp_client_proves_its_password, proxy_world_start,
                                        proxy_world_stop),
        cmocka_unit_test_setup_teardown(client_whose_machine_is_gone_is_noticed, proxy_world_start,
                                        proxy_world_stop),
        cmocka_unit_test_setup_teardown(refused_role_is_told_in_the_words_of_the_server,
                                        proxy_world_start, proxy_world_stop),
        cmocka_unit_test_setup_teardown(application_name_has_a_prefix, proxy_world_start,
                                        proxy_world_stop),
        cmocka_unit_test_setup_teardown(parameter_that_the_service_refuses_is_dropped,
                                        proxy_world_start, proxy_world_stop),
        cmocka_unit_test_setup_teardown(server_with_another_ca_is_not_trusted,
                                        proxy_world_start_distrustful, proxy_world_stop),
        cmocka_unit_test_setup_teardown(megabytes_pass_both_ways, proxy_world_start,
                                        proxy_world_stop),
        cmocka_unit_test_setup_teardown(cancel_reaches_its_session_only, proxy_world_start,
                                        proxy_world_stop),
        cmocka_unit_test_setup_teardown(killed_server_ends_the_session_with_an_error,
                                        proxy_world_start, proxy_world_stop),
        cmocka_unit_test_setup_teardown(idle_session_moves_unseen, proxy_world_start_short_lived,
                                        proxy_world_stop),
        cmocka_unit_test_setup_teardown(session_with_settings_hears_57p01,
                                        proxy_world_start_short_lived, proxy_world_stop),
        cmocka_unit_test_setup_teardown(transaction_is_not_cut, proxy_world_start_short_lived,
                                        proxy_world_stop),
        cmocka_unit_test_setup_teardown(drain_waits_for_a_transaction, proxy_world_start,
                                        proxy_world_join),
    };
    return cmocka_run_group_tests(tests, proxy_world_make_roles, NULL);
}
