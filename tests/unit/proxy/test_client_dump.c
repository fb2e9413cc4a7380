/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A client that is pg_dump, in the world of proxy_world.h. */
#include "proxy_world.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static int start_in_transaction_mode(void **state)
{
    (void)state;
    return proxy_world_start_with(
        (struct proxy_options){.pool_mode = PROXY_POOL_TRANSACTION, .retries = 7},
        (struct proxy_cluster_options){.max_servers = 1});
}

static int start_for_dumps(void **state)
{
    (void)state;
    return proxy_world_start_with((struct proxy_options){.is_for_dump = true},
                                  (struct proxy_cluster_options){0});
}

static PGconn *login_as(const char *name)
{
    char extra[64];
    snprintf(extra, sizeof extra, "application_name=%s", name);
    return proxy_world_expect_login(proxy_world_try_socket("admin", extra));
}

/* A PostgreSQL would do what it is told, so its settings say whether it has been. */
static void use_as_pg_dump(PGconn *conn)
{
    proxy_world_expect_state(conn, "SET statement_timeout = 77", NULL);
    assert_string_equal(proxy_world_ask(conn, "SHOW statement_timeout"), "0");
    proxy_world_expect_state(conn, "BEGIN", NULL);
    proxy_world_expect_state(conn, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
                             NULL);
    assert_int_equal(PQtransactionStatus(conn), PQTRANS_INTRANS);
    assert_string_equal(proxy_world_ask(conn, "SHOW transaction_read_only"), "off");
    proxy_world_expect_state(conn, "PREPARE p(int) AS SELECT $1 + $1", NULL);
    assert_string_equal(proxy_world_ask(conn, "EXECUTE p('21')"), "42");
    assert_string_equal(proxy_world_ask(conn, "SELECT count(*) FROM pg_prepared_statements"), "0");
    proxy_world_expect_state(conn, "SELECT 1/0", "22012");
    proxy_world_expect_state(conn, "SET statement_timeout = 77", "25P02");
    proxy_world_expect_state(conn, "ROLLBACK", NULL);
    proxy_world_expect_state(conn, "SET statement_timeout = 77", NULL);
    assert_int_equal(PQtransactionStatus(conn), PQTRANS_IDLE);
}

static void statements_of_pg_dump_are_answered(void **state)
{
    (void)state;
    PGconn *conn = login_as("pg_dump");
    use_as_pg_dump(conn);
    PQfinish(conn);
}

/* In transaction mode it gets a connection of its own, even if a pool has all that there may be. */
static void pg_dump_has_a_connection_of_its_own(void **state)
{
    (void)state;
    PGconn *other = login_as("other");
    assert_string_equal(proxy_world_ask(other, "SELECT 1"), "1");
    PGconn *conn = login_as("pg_dump");
    use_as_pg_dump(conn);
    PQfinish(conn);
    assert_string_equal(proxy_world_ask(other, "SELECT 1"), "1");
    PQfinish(other);
}

static void other_clients_are_not_pg_dump(void **state)
{
    (void)state;
    PGconn *conn = login_as("psql");
    proxy_world_expect_state(conn, "SET statement_timeout = 77777", NULL);
    assert_string_equal(proxy_world_ask(conn, "SHOW statement_timeout"), "77777ms");
    PQfinish(conn);
}

static void option_makes_every_client_pg_dump(void **state)
{
    (void)state;
    PGconn *conn = login_as("psql");
    use_as_pg_dump(conn);
    PQfinish(conn);
}

/* An answer may not overtake one that is under way. */
static void pipeline_is_the_servers(void **state)
{
    (void)state;
    PGconn *conn = login_as("pg_dump");
    assert_int_equal(PQenterPipelineMode(conn), 1);
    assert_int_equal(PQsendQueryParams(conn, "SELECT 1", 0, NULL, NULL, NULL, NULL, 0), 1);
    assert_int_equal(PQpipelineSync(conn), 1);
    PQclear(PQgetResult(conn));
    assert_null(PQgetResult(conn));
    PQclear(PQgetResult(conn)); /* of the Sync */
    assert_int_equal(PQexitPipelineMode(conn), 1);
    use_as_pg_dump(conn);
    PQfinish(conn);
}

/* A Query that is too long to be looked at, and the data of a COPY, which are not statements. */
static void long_messages_pass(void **state)
{
    (void)state;
    enum { SIZE = 1024 * 1024, LINES = 2000 };
    char *sql = malloc(SIZE);
    assert_non_null(sql);
    PGconn *conn = login_as("pg_restore");
    memset(sql, ' ', SIZE);
    memcpy(sql, "SELECT 5", 8);
    sql[SIZE - 1] = '\0';
    assert_string_equal(proxy_world_ask(conn, sql), "5");
    memset(sql, 'x', SIZE);
    sql[SIZE - 1] = '\n';
    proxy_world_expect_state(conn, "CREATE TEMP TABLE copied (line text)", NULL);
    PQclear(PQexec(conn, "COPY copied FROM STDIN"));
    for (int i = 0; i < LINES; i++) {
        assert_int_equal(PQputCopyData(conn, "SET statement_timeout = 77\n", 27), 1);
    }
    assert_int_equal(PQputCopyData(conn, sql, SIZE), 1);
    assert_int_equal(PQputCopyEnd(conn, NULL), 1);
    PGresult *result = PQgetResult(conn);
    assert_string_equal(PQcmdTuples(result), "2001");
    PQclear(result);
    assert_null(PQgetResult(conn));
    use_as_pg_dump(conn);
    PQfinish(conn);
    free(sql);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(statements_of_pg_dump_are_answered, proxy_world_start,
                                        proxy_world_stop),
        cmocka_unit_test_setup_teardown(pg_dump_has_a_connection_of_its_own,
                                        start_in_transaction_mode, proxy_world_stop),
        cmocka_unit_test_setup_teardown(other_clients_are_not_pg_dump, proxy_world_start,
                                        proxy_world_stop),
        cmocka_unit_test_setup_teardown(option_makes_every_client_pg_dump, start_for_dumps,
                                        proxy_world_stop),
        cmocka_unit_test_setup_teardown(pipeline_is_the_servers, proxy_world_start,
                                        proxy_world_stop),
        cmocka_unit_test_setup_teardown(long_messages_pass, proxy_world_start, proxy_world_stop),
    };
    return cmocka_run_group_tests(tests, proxy_world_make_roles, NULL);
}
