/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The public functions against a server that accepts everything and does not answer: each ends at
 * its own limit.  What has a limit of seconds is tested with a clock of its own elsewhere (see
 * docs/design/connect.md, "Waiting").
 */
#include "fake_server.h"
#include "unit.h"

#include <dsql.h>

#include <stdatomic.h>

#define HOST "abcdefghijklmnopqrst012345.dsql.us-east-1.on.aws"

enum { LIMIT_MS = 50, PASSWORD_SIZE = 4096 };

static const char *const keywords[] = {"hostaddr", NULL};
static const char *const values[] = {"127.0.0.1", NULL};

/* How many clients are let in; the others are silent, as all are once they are in. */
static atomic_int welcome;

static void serve(struct fake_client *client, int number, void *arg)
{
    char password[PASSWORD_SIZE];
    (void)arg;
    if (number < atomic_load(&welcome) && fake_read_password(client, password, sizeof password)) {
        fake_send_ready(client);
    }
    fake_listen(client);
}

struct stage {
    struct fake_server *server;
    dsql_credentials_provider *keys;
    dsql_options options;
};

static void set_up(struct stage *stage, int clients)
{
    static const struct fake_identity identity = {.name = HOST};
    atomic_store(&welcome, clients);
    stage->server = fake_server_start(&identity, serve, NULL);
    stage->keys = dsql_credentials_static("akid", "secret", NULL, NULL);
    stage->options = dsql_options_init();
    stage->options.host = HOST;
    stage->options.port = fake_server_port(stage->server);
    stage->options.ca_file = fake_server_ca_file(stage->server);
    stage->options.credentials = stage->keys;
    stage->options.pq_keywords = keywords;
    stage->options.pq_values = values;
    stage->options.acquire_timeout_ms = LIMIT_MS;
    stage->options.pool_max = 2;
}

static void tear_down(struct stage *stage)
{
    fake_server_stop(stage->server);
    dsql_credentials_unref(stage->keys);
}

static void connect_and_pool_open_end_at_the_connect_timeout(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage, 0);
    stage.options.connect_timeout_ms = LIMIT_MS;
    dsql_error err = {0};
    assert_null(dsql_connect(&stage.options, &err));
    assert_int_equal(err.status, DSQL_ERR_TIMEOUT);
    err = (dsql_error){0};
    assert_null(dsql_pool_open(&stage.options, &err));
    assert_int_equal(err.status, DSQL_ERR_TIMEOUT);
    tear_down(&stage);
}

static void connect_start_does_not_wait(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage, 0);
    PGconn *conn = dsql_connect_start(&stage.options, NULL);
    assert_int_equal(PQconnectPoll(conn), PGRES_POLLING_WRITING);
    PQfinish(conn);
    tear_down(&stage);
}

static dsql_status fail_the_test(PGconn *conn, void *arg, dsql_error *err)
{
    (void)conn;
    (void)arg;
    (void)err;
    fail_msg("a body ran on a connection that does not exist");
    return DSQL_OK;
}

/* The second connection does not come up: for an acquire, and whatever acquires. */
static void acquire_ends_at_the_acquire_timeout(void **state)
{
    (void)state;
    struct stage stage;
    set_up(&stage, 1);
    dsql_pool *pool = dsql_pool_open(&stage.options, NULL);
    PGconn *conn = dsql_pool_acquire(pool, NULL);
    assert_non_null(conn);
    const char *const row[] = {"1"};
    dsql_batch *batch = dsql_batch_new(pool, "SELECT $1", 1, NULL, NULL);
    assert_int_equal(dsql_batch_add(batch, row, NULL), DSQL_OK);
    dsql_transaction_options once = dsql_transaction_options_init();
    once.timeout_ms = LIMIT_MS;
    assert_null(dsql_pool_acquire(pool, NULL));
    assert_null(dsql_pool_acquire_at(pool, DSQL_HERE, NULL));
    dsql_error err = {0};
    assert_null(dsql_exec_with(pool, &once, "SELECT 1", 0, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_TIMEOUT);
    assert_int_equal(dsql_transaction_with(pool, &once, fail_the_test, NULL, NULL),
                     DSQL_ERR_TIMEOUT);
    assert_int_equal(dsql_job_wait(pool, "abcdefghijklmnopqrstuvw234", 0, NULL), DSQL_ERR_TIMEOUT);
    assert_int_equal(dsql_pool_close(pool, LIMIT_MS), DSQL_ERR_TIMEOUT);
    assert_int_equal(dsql_batch_flush(batch, NULL), DSQL_ERR_CLOSED);
    dsql_batch_free(batch);
    dsql_pool_release(pool, conn);
    assert_int_equal(dsql_pool_close(pool, -1), DSQL_OK);
    tear_down(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connect_and_pool_open_end_at_the_connect_timeout),
        cmocka_unit_test(connect_start_does_not_wait),
        cmocka_unit_test(acquire_ends_at_the_acquire_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
