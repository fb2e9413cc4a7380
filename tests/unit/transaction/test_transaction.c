/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions against a plain PostgreSQL.  Conflicts come from repeatable read,
 * and those at COMMIT, where DSQL has them, from a deferred trigger that raises
 * what DSQL raises.  Nobody waits: the clock is the test's.
 */
#include "pool/pool.h"
#include "postgres.h"
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, ROUNDS = 20 };

static const char schema[] =
    "DROP TABLE IF EXISTS counter, at_commit;"
    "DROP SEQUENCE IF EXISTS commits;"
    "CREATE TABLE counter (n bigint); INSERT INTO counter VALUES (0);"
    "CREATE TABLE at_commit (action text, times bigint);"
    "CREATE SEQUENCE commits;"
    "CREATE OR REPLACE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    "  IF nextval('commits') > NEW.times THEN RETURN NULL; END IF;"
    "  IF NEW.action = 'die' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;"
    "  IF NEW.action = 'die' THEN PERFORM pg_sleep(10); END IF;"
    "  RAISE EXCEPTION 'change conflicts with another transaction (OC000)'"
    "    USING ERRCODE = NEW.action;"
    "END $$;"
    "CREATE CONSTRAINT TRIGGER act AFTER INSERT ON at_commit DEFERRABLE INITIALLY DEFERRED"
    "  FOR EACH ROW EXECUTE FUNCTION act();";

/* ---- A pool on a clock that only moves when somebody sleeps ---- */

static struct {
    atomic_llong now_ms;
    atomic_int sleeps;
    dsql_pool *watched; /* has nothing lent while anybody sleeps */
    atomic_int slept_with_connection;
} world;

static int64_t world_ms(void *arg)
{
    (void)arg;
    return atomic_load(&world.now_ms);
}

static void world_sleep(void *arg, int64_t ms)
{
    (void)arg;
    atomic_fetch_add(&world.now_ms, ms);
    atomic_fetch_add(&world.sleeps, 1);
    if (world.watched != NULL) {
        dsql_pool_stats stats;
        dsql_pool_get_stats(world.watched, &stats);
        atomic_fetch_add(&world.slept_with_connection, stats.in_use);
    }
}

static const struct clock world_clock = {.monotonic_ms = world_ms, .sleep_ms = world_sleep};

static uint64_t no_chance(void *arg)
{
    (void)arg;
    return 0;
}

static const struct random_source world_random = {.next = no_chance};

static PGconn *open_plain(void *arg, int64_t deadline_ms, dsql_error *err)
{
    (void)arg;
    (void)deadline_ms;
    (void)err;
    return PQconnectdb(postgres_conninfo());
}

static bool run(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

static dsql_status repeatable_read(PGconn *conn, void *arg, dsql_error *err)
{
    (void)arg;
    (void)err;
    return run(conn, "SET default_transaction_isolation = 'repeatable read'") ? DSQL_OK
                                                                              : DSQL_ERR_CALLBACK;
}

static dsql_pool *pool_that_tries(int max_attempts, int timeout_ms)
{
    const struct pool_parts parts = {
        .pool = {.max = 4,
                 .max_lifetime_s = 1000000,
                 .max_idle_s = 1000000,
                 .acquire_timeout_ms = -1,
                 .on_connect = repeatable_read},
        .retry = {.max_attempts = max_attempts,
                  .base_ms = 100,
                  .max_ms = 5000,
                  .timeout_ms = timeout_ms},
        .connector = {.open = open_plain},
        .clock = &world_clock,
        .random = &world_random,
    };
    dsql_pool *pool = pool_open_with(&parts, NULL);
    assert_non_null(pool);
    return pool;
}

static int fresh_database(void **state)
{
    (void)state;
    world.watched = NULL;
    atomic_store(&world.now_ms, 0);
    atomic_store(&world.sleeps, 0);
    atomic_store(&world.slept_with_connection, 0);
    postgres_run(schema);
    return 0;
}

static long counter(void)
{
    return postgres_number("SELECT n FROM counter");
}

static uint64_t conflicts_in(dsql_pool *pool)
{
    dsql_pool_stats stats;
    dsql_pool_get_stats(pool, &stats);
    assert_int_equal(stats.in_use, 0);
    return stats.occ_retries;
}

/* ---- Bodies ---- */

struct script {
    const char *first; /* statements of the first try; NULL: those of the others */
    const char *other;
    dsql_status result;
    int calls;
};

static dsql_status play(PGconn *conn, void *arg, dsql_error *err)
{
    struct script *script = arg;
    (void)err;
    script->calls++;
    bool is_first = script->calls == 1 && script->first != NULL;
    run(conn, is_first ? script->first : script->other);
    return script->result;
}

#define ADD_ONE "UPDATE counter SET n = n + 1"

static dsql_status add_one_after_a_rival(PGconn *conn, void *arg, dsql_error *err)
{
    struct script *script = arg;
    (void)err;
    script->calls++;
    run(conn, "SELECT n FROM counter");
    if (script->calls == 1) {
        postgres_run(ADD_ONE);
    }
    run(conn, ADD_ONE);      /* 40001 in the first try, and hidden */
    run(conn, "SELECT 'x'"); /* 25P02 */
    return script->result;
}

/* ---- Conflicts ---- */

static void transaction_commits_once(void **state)
{
    (void)state;
    dsql_pool *pool = pool_that_tries(4, -1);
    struct script script = {.other = ADD_ONE};
    assert_int_equal(dsql_transaction(pool, play, &script, NULL), DSQL_OK);
    assert_int_equal(script.calls, 1);
    assert_int_equal(counter(), 1);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void hidden_conflict_is_retried(void **state)
{
    (void)state;
    dsql_pool *pool = pool_that_tries(4, -1);
    world.watched = pool;
    struct script script = {.result = DSQL_OK};
    assert_int_equal(dsql_transaction(pool, add_one_after_a_rival, &script, NULL), DSQL_OK);
    assert_int_equal(script.calls, 2);
    assert_int_equal(counter(), 2);
    assert_int_equal(conflicts_in(pool), 1);
    assert_int_equal(atomic_load(&world.sleeps), 1);
    assert_int_equal(atomic_load(&world.slept_with_connection), 0);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void conflict_at_commit_is_retried(void **state)
{
    (void)state;
    dsql_pool *pool = pool_that_tries(4, -1);
    struct script script = {.other = ADD_ONE "; INSERT INTO at_commit VALUES ('40001', 2)"};
    assert_int_equal(dsql_transaction(pool, play, &script, NULL), DSQL_OK);
    assert_int_equal(script.calls, 3);
    assert_int_equal(counter(), 1);
    assert_int_equal(conflicts_in(pool), 2);
    assert_int_equal(atomic_load(&world.now_ms), 50 + 100);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void conflict_that_remains_is_told(void **state)
{
    (void)state;
    dsql_pool *pool = pool_that_tries(4, -1);
    struct script script = {.other = ADD_ONE "; INSERT INTO at_commit VALUES ('OC000', 1000)"};
    dsql_error err = {0};
    assert_int_equal(dsql_transaction(pool, play, &script, &err), DSQL_ERR_OCC);
    assert_int_equal(err.status, DSQL_ERR_OCC);
    assert_string_equal(err.sqlstate, "OC000");
    assert_non_null(strstr(err.message, "4 tries"));
    assert_int_equal(script.calls, 4);
    assert_int_equal(conflicts_in(pool), 3);
    assert_int_equal(counter(), 0);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void no_try_starts_after_the_deadline(void **state)
{
    (void)state;
    dsql_pool *pool = pool_that_tries(100, 150); /* waits of 50 and 100, and no 200 */
    struct script script = {.other = ADD_ONE "; INSERT INTO at_commit VALUES ('40001', 1000)"};
    assert_int_equal(dsql_transaction(pool, play, &script, NULL), DSQL_ERR_OCC);
    assert_int_equal(script.calls, 3);
    assert_int_equal(atomic_load(&world.now_ms), 150);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static dsql_status add_one(PGconn *conn, void *arg, dsql_error *err)
{
    (void)arg;
    (void)err;
    PGresult *result = PQexec(conn, "SELECT n FROM counter");
    char sql[64] = "SELECT no_such_function()";
    if (PQresultStatus(result) == PGRES_TUPLES_OK) {
        snprintf(sql, sizeof sql, "UPDATE counter SET n = %ld",
                 strtol(PQgetvalue(result, 0, 0), NULL, 10) + 1);
    }
    PQclear(result);
    run(conn, sql);
    return DSQL_OK;
}

static void *add_many(void *arg)
{
    intptr_t failures = 0;
    for (int i = 0; i < ROUNDS; i++) {
        failures += dsql_transaction(arg, add_one, NULL, NULL) == DSQL_OK ? 0 : 1;
    }
    return (void *)failures; /* NOLINT(performance-no-int-to-ptr) */
}

static void no_increment_is_lost_or_doubled(void **state)
{
    (void)state;
    dsql_pool *pool = pool_that_tries(100000, -1);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, pool), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *failures = NULL;
        pthread_join(threads[i], &failures);
        assert_null(failures);
    }
    assert_int_equal(counter(), THREADS * ROUNDS);
    assert_int_equal(conflicts_in(pool), atomic_load(&world.sleeps));
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

/* ---- Bodies that misbehave ---- */

static void hidden_error_is_no_success(void **state)
{
    (void)state;
    dsql_pool *pool = pool_that_tries(4, -1);
    struct script script = {.other = ADD_ONE "; SELECT 1 / 0"};
    dsql_error err = {0};
    assert_int_equal(dsql_transaction(pool, play, &script, &err), DSQL_ERR_QUERY);
    assert_string_equal(err.sqlstate, "22012");
    assert_non_null(strstr(err.message, "hid an error"));
    assert_int_equal(script.calls, 1);
    assert_int_equal(counter(), 0);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void refusal_of_the_body_rolls_back(void **state)
{
    (void)state;
    dsql_pool *pool = pool_that_tries(4, -1);
    struct script script = {.other = ADD_ONE, .result = DSQL_ERR_CALLBACK};
    dsql_error err = {0};
    assert_int_equal(dsql_transaction(pool, play, &script, &err), DSQL_ERR_CALLBACK);
    assert_int_equal(err.status, DSQL_ERR_CALLBACK);
    assert_true(err.message[0] != '\0');
    assert_int_equal(script.calls, 1);
    assert_int_equal(counter(), 0);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void body_that_commits_itself_is_believed(void **state)
{
    (void)state;
    dsql_pool *pool = pool_that_tries(4, -1);
    struct script script = {.other = ADD_ONE "; COMMIT"};
    assert_int_equal(dsql_transaction(pool, play, &script, NULL), DSQL_OK);
    script.result = DSQL_ERR_CALLBACK;
    assert_int_equal(dsql_transaction(pool, play, &script, NULL), DSQL_ERR_CALLBACK);
    assert_int_equal(script.calls, 2);
    assert_int_equal(counter(), 2);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static dsql_status leave_a_query(PGconn *conn, void *arg, dsql_error *err)
{
    (void)arg;
    (void)err;
    return PQsendQuery(conn, ADD_ONE) == 1 ? DSQL_OK : DSQL_ERR_CALLBACK;
}

static void unfinished_query_is_a_mistake(void **state)
{
    (void)state;
    dsql_pool *pool = pool_that_tries(4, -1);
    assert_int_equal(dsql_transaction(pool, leave_a_query, NULL, NULL), DSQL_ERR_USAGE);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
    PGconn *conn = postgres_connect();
    assert_int_equal(dsql_conn_transaction(conn, NULL, leave_a_query, NULL, NULL), DSQL_ERR_USAGE);
    assert_int_equal(PQtransactionStatus(conn), PQTRANS_IDLE);
    PQfinish(conn);
    assert_int_equal(counter(), 0);
}

static dsql_status nest(PGconn *conn, void *arg, dsql_error *err)
{
    return dsql_conn_transaction(conn, NULL, play, arg, err);
}

static void nesting_on_one_connection_is_refused(void **state)
{
    (void)state;
    PGconn *conn = postgres_connect();
    struct script script = {.other = ADD_ONE};
    assert_int_equal(dsql_conn_transaction(conn, NULL, nest, &script, NULL), DSQL_ERR_USAGE);
    assert_int_equal(script.calls, 0);
    PQfinish(conn);
}

/* ---- Lost connections ---- */

#define DIE "SELECT pg_terminate_backend(pg_backend_pid())"

static void connection_lost_in_the_body_is_exchanged(void **state)
{
    (void)state;
    dsql_pool *pool = pool_that_tries(4, -1);
    struct script script = {.first = ADD_ONE "; " DIE, .other = ADD_ONE};
    assert_int_equal(dsql_transaction(pool, play, &script, NULL), DSQL_OK);
    assert_int_equal(script.calls, 2);
    assert_int_equal(counter(), 1);
    assert_int_equal(conflicts_in(pool), 0);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static dsql_status add_one_and_be_killed(PGconn *conn, void *arg, dsql_error *err)
{
    struct script *script = arg;
    dsql_status status = play(conn, arg, err);
    if (script->calls == 1) {
        postgres_kill(PQbackendPID(conn)); /* which libpq does not know yet */
    }
    return status;
}

static void connection_lost_unnoticed_before_commit_is_exchanged(void **state)
{
    (void)state;
    dsql_pool *pool = pool_that_tries(4, -1);
    struct script script = {.other = ADD_ONE};
    assert_int_equal(dsql_transaction(pool, add_one_and_be_killed, &script, NULL), DSQL_OK);
    assert_int_equal(script.calls, 2);
    assert_int_equal(counter(), 1);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

static void own_connection_lost_in_the_body_is_told(void **state)
{
    (void)state;
    PGconn *conn = postgres_connect();
    struct script script = {.other = ADD_ONE "; " DIE};
    dsql_error err = {0};
    assert_int_equal(dsql_conn_transaction(conn, NULL, play, &script, &err), DSQL_ERR_CONNECT);
    assert_int_equal(err.status, DSQL_ERR_CONNECT);
    assert_int_equal(script.calls, 1);
    assert_int_equal(dsql_conn_transaction(conn, NULL, play, &script, NULL), DSQL_ERR_CONNECT);
    PQfinish(conn);
}

static void connection_lost_during_commit_is_never_retried(void **state)
{
    (void)state;
    dsql_pool *pool = pool_that_tries(4, -1);
    struct script script = {.other = ADD_ONE "; INSERT INTO at_commit VALUES ('die', 1)"};
    dsql_error err = {0};
    assert_int_equal(dsql_transaction(pool, play, &script, &err), DSQL_ERR_COMMIT_UNKNOWN);
    assert_int_equal(err.status, DSQL_ERR_COMMIT_UNKNOWN);
    assert_non_null(strstr(err.message, "may have happened"));
    assert_int_equal(script.calls, 1);
    assert_int_equal(conflicts_in(pool), 0);
    assert_int_equal(dsql_pool_close(pool, 0), DSQL_OK);
}

/* ---- The caller's own connection ---- */

static void own_connection_is_retried_too(void **state)
{
    (void)state;
    PGconn *conn = postgres_connect();
    struct script script = {.other = ADD_ONE "; INSERT INTO at_commit VALUES ('40001', 2)"};
    const dsql_options *options = DSQL_OPTIONS(.max_attempts = 3, .retry_base_ms = 1);
    assert_int_equal(dsql_conn_transaction(conn, options, play, &script, NULL), DSQL_OK);
    assert_int_equal(script.calls, 3);
    assert_int_equal(counter(), 1);
    assert_int_equal(PQtransactionStatus(conn), PQTRANS_IDLE);
    PQfinish(conn);
}

static void one_attempt_turns_retry_off(void **state)
{
    (void)state;
    PGconn *conn = postgres_connect();
    struct script script = {.other = ADD_ONE "; INSERT INTO at_commit VALUES ('40001', 2)"};
    const dsql_options *options = DSQL_OPTIONS(.max_attempts = 1);
    dsql_error err = {0};
    assert_int_equal(dsql_conn_transaction(conn, options, play, &script, &err), DSQL_ERR_OCC);
    assert_string_equal(err.sqlstate, "40001");
    assert_int_equal(script.calls, 1);
    PQfinish(conn);
}

static void missing_arguments_are_a_mistake(void **state)
{
    (void)state;
    assert_int_equal(dsql_transaction(NULL, play, NULL, NULL), DSQL_ERR_USAGE);
    assert_int_equal(dsql_conn_transaction(NULL, NULL, play, NULL, NULL), DSQL_ERR_USAGE);
}

#define ON_FRESH(test) cmocka_unit_test_setup(test, fresh_database)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_FRESH(transaction_commits_once),
        ON_FRESH(hidden_conflict_is_retried),
        ON_FRESH(conflict_at_commit_is_retried),
        ON_FRESH(conflict_that_remains_is_told),
        ON_FRESH(no_try_starts_after_the_deadline),
        ON_FRESH(no_increment_is_lost_or_doubled),
        ON_FRESH(hidden_error_is_no_success),
        ON_FRESH(refusal_of_the_body_rolls_back),
        ON_FRESH(body_that_commits_itself_is_believed),
        ON_FRESH(unfinished_query_is_a_mistake),
        ON_FRESH(nesting_on_one_connection_is_refused),
        ON_FRESH(connection_lost_in_the_body_is_exchanged),
        ON_FRESH(connection_lost_unnoticed_before_commit_is_exchanged),
        ON_FRESH(own_connection_lost_in_the_body_is_told),
        ON_FRESH(connection_lost_during_commit_is_never_retried),
        ON_FRESH(own_connection_is_retried_too),
        ON_FRESH(one_attempt_turns_retry_off),
        cmocka_unit_test(missing_arguments_are_a_mistake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
