/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The proxy in transaction mode, in the world of proxy_world.h. */
#include "base/clock.h"
#include "postgres.h"
#include "proxy_world.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CLIENTS = 20, PATIENCE_S = 120 };

static int start(void **state)
{
    (void)state;
    return proxy_world_start_with(
        (struct proxy_options){.pool_mode = PROXY_POOL_TRANSACTION, .retries = 3},
        (struct proxy_cluster_options){.max_servers = 3});
}

static int start_small(void **state)
{
    (void)state;
    return proxy_world_start_with(
        (struct proxy_options){.pool_mode = PROXY_POOL_TRANSACTION, .wait_ms = 300},
        (struct proxy_cluster_options){.max_servers = 1});
}

static int start_short_lived(void **state)
{
    (void)state;
    return proxy_world_start_with(
        (struct proxy_options){.pool_mode = PROXY_POOL_TRANSACTION, .lifetime_s = 1},
        (struct proxy_cluster_options){.max_servers = 3});
}

/* Of the role admin, behind the proxy. */
static long count_servers(void)
{
    return postgres_number("SELECT count(*) FROM pg_stat_activity WHERE usename = 'admin'");
}

static const char *run_prepared(PGconn *conn, const char *name, const char *value)
{
    static char answer[64];
    PGresult *result = PQexecPrepared(conn, name, 1, &value, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        print_error("%s\n", PQerrorMessage(conn));
    }
    assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
    snprintf(answer, sizeof answer, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    return answer;
}

static void prepare(PGconn *conn, const char *name, const char *sql)
{
    PGresult *result = PQprepare(conn, name, sql, 0, NULL);
    assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
}

static void many_clients_share_few_connections(void **state)
{
    (void)state;
    PGconn *conns[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        conns[i] = proxy_world_login();
        assert_string_equal(proxy_world_ask(conns[i], "SELECT current_user"), "admin");
    }
    assert_true(count_servers() <= 3);
    for (int i = 0; i < CLIENTS; i++) {
        assert_string_equal(proxy_world_ask(conns[i], "SELECT 7"), "7");
        PQfinish(conns[i]);
    }
}

static void statements_and_settings_follow(void **state)
{
    (void)state;
    PGconn *a = proxy_world_login();
    PGconn *b = proxy_world_login();
    PGconn *c = proxy_world_login();
    prepare(a, "s", "SELECT $1::int + 1");
    prepare(b, "s", "SELECT $1::int + 2");
    proxy_world_expect_state(a, "SET TIME ZONE 'Europe/Berlin'", NULL);
    proxy_world_expect_state(a, "SET search_path TO pg_catalog, public", NULL);
    assert_string_equal(PQparameterStatus(a, "TimeZone"), "Europe/Berlin");
    for (int i = 0; i < 4; i++) {
        proxy_world_expect_state(i % 2 == 0 ? b : c, "BEGIN", NULL);
        assert_string_equal(run_prepared(a, "s", "5"), "6");
        assert_string_equal(run_prepared(b, "s", "5"), "7");
        assert_string_equal(proxy_world_ask(a, "SHOW timezone"), "Europe/Berlin");
        assert_string_equal(proxy_world_ask(a, "SHOW search_path"), "pg_catalog, public");
        assert_string_equal(proxy_world_ask(b, "SHOW search_path"), "\"$user\", public");
        proxy_world_expect_state(i % 2 == 0 ? b : c, "COMMIT", NULL);
    }
    PQfinish(a);
    PQfinish(b);
    PQfinish(c);
}

/* More than comes with one read. */
static void a_long_statement_is_prepared(void **state)
{
    (void)state;
    static char sql[200000];
    memset(sql, 'x', sizeof sql - 1);
    memcpy(sql, "SELECT length('", 15);
    memcpy(sql + sizeof sql - 3, "')", 2);
    PGconn *conn = proxy_world_login();
    (void)alarm(PATIENCE_S);
    prepare(conn, "long", sql);
    prepare(conn, "", sql);
    (void)alarm(0);
    PQfinish(conn);
}

static void the_startup_message_sets_the_session(void **state)
{
    (void)state;
    PGconn *conn = proxy_world_expect_login(
        proxy_world_try_socket("admin", "application_name=mine options='-c extra_float_digits=2'"));
    assert_string_equal(proxy_world_ask(conn, "SHOW extra_float_digits"), "2");
    assert_non_null(strstr(proxy_world_ask(conn, "SHOW application_name"), "mine"));
    PGconn *other = proxy_world_login();
    assert_null(strstr(proxy_world_ask(other, "SHOW application_name"), "mine"));
    proxy_world_expect_state(conn, "SET extra_float_digits TO 0", NULL);
    proxy_world_expect_state(conn, "RESET extra_float_digits", NULL);
    assert_string_equal(proxy_world_ask(conn, "SHOW extra_float_digits"), "2");
    PQfinish(conn);
    PQfinish(other);
}

static void roles_do_not_share(void **state)
{
    (void)state;
    PGconn *admin = proxy_world_login();
    PGconn *app = proxy_world_expect_login(proxy_world_try_socket("app", ""));
    for (int i = 0; i < 3; i++) {
        assert_string_equal(proxy_world_ask(admin, "SELECT current_user"), "admin");
        assert_string_equal(proxy_world_ask(app, "SELECT current_user"), "app");
    }
    PQfinish(admin);
    PQfinish(app);
    proxy_world_expect_failure(proxy_world_try_socket("nosuch", ""), "denied");
}

static void a_client_that_waits_too_long_is_told(void **state)
{
    (void)state;
    PGconn *holder = proxy_world_login();
    PGconn *conn = proxy_world_login();
    proxy_world_expect_state(holder, "BEGIN", NULL);
    PQclear(PQexec(conn, "SELECT 1"));
    proxy_world_expect_last_words(conn, "became free within 300 ms");
    proxy_world_expect_state(holder, "COMMIT", NULL);
    PQfinish(holder);
    PQfinish(conn);
}

/* Of clients that take turns on one connection, only the one that runs is canceled. */
static void a_cancel_request_is_for_the_present_connection(void **state)
{
    (void)state;
    char error[256] = "";
    PGconn *conn = proxy_world_login();
    PGconn *other = proxy_world_login();
    assert_string_equal(proxy_world_ask(conn, "SELECT 1"), "1");
    PGcancel *of_idle = PQgetCancel(conn);
    assert_int_equal(PQsendQuery(other, "SELECT pg_sleep(60)"), 1);
    while (postgres_number("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND "
                           "query = 'SELECT pg_sleep(60)'") == 0) {
        usleep(1000);
    }
    (void)PQcancel(of_idle, error, sizeof error); /* it has no connection */
    PGcancel *cancel = PQgetCancel(other);
    assert_int_equal(PQisBusy(other), 1);
    assert_int_equal(PQcancel(cancel, error, sizeof error), 1);
    PGresult *result = PQgetResult(other);
    assert_string_equal(PQresultErrorField(result, PG_DIAG_SQLSTATE), "57014");
    PQclear(result);
    assert_null(PQgetResult(other));
    assert_string_equal(proxy_world_ask(other, "SELECT 2"), "2");
    PQfreeCancel(cancel);
    PQfreeCancel(of_idle);
    PQfinish(conn);
    PQfinish(other);
}

static void connections_are_replaced_unseen(void **state)
{
    (void)state;
    PGconn *conn = proxy_world_login();
    prepare(conn, "s", "SELECT $1::int");
    const struct clock *clock = clock_system();
    int64_t end_ms = clock_monotonic_ms(clock) + 2500;
    while (clock_monotonic_ms(clock) < end_ms) {
        assert_string_equal(run_prepared(conn, "s", "3"), "3");
        assert_string_equal(proxy_world_ask(conn, "SELECT 4"), "4");
        usleep(5000);
    }
    PQfinish(conn);
    assert_true(proxy_cluster_counters(proxy_world.proxy, 0)->rollovers >= 2);
}

static void a_killed_connection_ends_what_was_under_way(void **state)
{
    (void)state;
    PGconn *busy = proxy_world_login();
    PGconn *idle = proxy_world_login();
    assert_string_equal(proxy_world_ask(idle, "SELECT 1"), "1");
    proxy_world_expect_state(busy, "BEGIN", NULL);
    (void)postgres_number("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                          "usename = 'admin' AND state = 'idle in transaction'");
    PGresult *result = PQexec(busy, "SELECT 1");
    assert_int_equal(PQresultStatus(result), PGRES_FATAL_ERROR);
    PQclear(result);
    assert_string_equal(proxy_world_ask(idle, "SELECT 2"), "2");
    PQfinish(busy);
    PQfinish(idle);
}

static void megabytes_pass_both_ways(void **state)
{
    (void)state;
    PGconn *conn = proxy_world_login();
    const size_t len = 3000000;
    char *value = malloc(len + 1);
    assert_non_null(value);
    memset(value, 'x', len);
    value[len] = '\0';
    const char *values[] = {value};
    PGresult *result =
        PQexecParams(conn, "SELECT $1::text, length($1)", 1, NULL, values, NULL, NULL, 0);
    assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
    assert_string_equal(PQgetvalue(result, 0, 0), value);
    PQclear(result);
    free(value);
    assert_string_equal(proxy_world_ask(conn, "SELECT count(*) FROM generate_series(1, 100000)"),
                        "100000");
    PQfinish(conn);
}

static void copy_passes(void **state)
{
    (void)state;
    postgres_run("DROP TABLE IF EXISTS proxy_copied");
    postgres_run("CREATE TABLE proxy_copied (a int)");
    postgres_run("GRANT ALL ON proxy_copied TO admin");
    PGconn *conn = proxy_world_login();
    for (int i = 0; i < 2; i++) {
        PGresult *result = i == 0 ? PQexec(conn, "COPY proxy_copied FROM STDIN")
                                  : PQexecParams(conn, "COPY proxy_copied FROM STDIN", 0, NULL,
                                                 NULL, NULL, NULL, 0);
        assert_int_equal(PQresultStatus(result), PGRES_COPY_IN);
        PQclear(result);
        assert_int_equal(PQputCopyData(conn, "1\n2\n", 4), 1);
        assert_int_equal(PQputCopyEnd(conn, NULL), 1);
        result = PQgetResult(conn);
        assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
        PQclear(result);
        assert_null(PQgetResult(conn));
    }
    assert_string_equal(proxy_world_ask(conn, "SELECT count(*) FROM proxy_copied"), "4");
    PQfinish(conn);
}

static void pipelines_pass(void **state)
{
    (void)state;
    PGconn *conn = proxy_world_login();
    int rows = 0;
    int syncs = 0;
    assert_int_equal(PQenterPipelineMode(conn), 1);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(PQsendQueryParams(conn, "SELECT 1", 0, NULL, NULL, NULL, NULL, 0), 1);
        assert_int_equal(PQpipelineSync(conn), 1);
    }
    while (syncs < 50) {
        PGresult *result = PQgetResult(conn);
        rows += PQresultStatus(result) == PGRES_TUPLES_OK ? 1 : 0;
        syncs += PQresultStatus(result) == PGRES_PIPELINE_SYNC ? 1 : 0;
        PQclear(result);
    }
    assert_int_equal(rows, 50);
    assert_int_equal(PQexitPipelineMode(conn), 1);
    PQfinish(conn);
}

static void draining_ends_idle_clients_and_waits_for_others(void **state)
{
    (void)state;
    PGconn *idle = proxy_world_login();
    PGconn *busy = proxy_world_login();
    proxy_world_expect_state(busy, "BEGIN", NULL);
    uv_async_send(&proxy_world.drain);
    proxy_world_expect_state(busy, "SELECT 1", NULL);
    proxy_world_expect_state(busy, "COMMIT", NULL);
    while (PQstatus(idle) == CONNECTION_OK) {
        PQclear(PQexec(idle, "SELECT 1"));
    }
    proxy_world_expect_last_words(idle, "administrator command");
    PQfinish(idle);
    PQfinish(busy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(many_clients_share_few_connections, start,
                                        proxy_world_stop),
        cmocka_unit_test_setup_teardown(a_long_statement_is_prepared, start, proxy_world_stop),
        cmocka_unit_test_setup_teardown(statements_and_settings_follow, start, proxy_world_stop),
        cmocka_unit_test_setup_teardown(the_startup_message_sets_the_session, start,
                                        proxy_world_stop),
        cmocka_unit_test_setup_teardown(roles_do_not_share, start, proxy_world_stop),
        cmocka_unit_test_setup_teardown(a_client_that_waits_too_long_is_told, start_small,
                                        proxy_world_stop),
        cmocka_unit_test_setup_teardown(a_cancel_request_is_for_the_present_connection, start,
                                        proxy_world_stop),
        cmocka_unit_test_setup_teardown(connections_are_replaced_unseen, start_short_lived,
                                        proxy_world_stop),
        cmocka_unit_test_setup_teardown(a_killed_connection_ends_what_was_under_way, start,
                                        proxy_world_stop),
        cmocka_unit_test_setup_teardown(megabytes_pass_both_ways, start, proxy_world_stop),
        cmocka_unit_test_setup_teardown(copy_passes, start, proxy_world_stop),
        cmocka_unit_test_setup_teardown(pipelines_pass, start, proxy_world_stop),
        cmocka_unit_test_setup_teardown(draining_ends_idle_clients_and_waits_for_others, start,
                                        proxy_world_join),
    };
    return cmocka_run_group_tests(tests, proxy_world_make_roles, NULL);
}
