/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions against a plain PostgreSQL.  Conflicts come from repeatable read,
 * and those at COMMIT, where DSQL has them, from a deferred trigger that raises
 * what DSQL raises.  No test sleeps: the clock is replaced.
 */
#include "fake_server.h"
#include "postgres.h"
#include "unit.h"
#include "world.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, ROUNDS = 20 };

static int fresh_database(void **state)
{
    (void)state;
    world_reset();
    return 0;
}

/* ---- Bodies ---- */

struct script {
    const char *first; /* statements of the first attempt; NULL: those of the others */
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
    world_run(conn, is_first ? script->first : script->other);
    return script->result;
}

static dsql_status add_one_after_a_rival(PGconn *conn, void *arg, dsql_error *err)
{
    struct script *script = arg;
    (void)err;
    script->calls++;
    world_run(conn, "SELECT n FROM counter");
    if (script->calls == 1) {
        postgres_run(ADD_ONE);
    }
    world_run(conn, ADD_ONE);      /* 40001 in the first attempt, ignored */
    world_run(conn, "SELECT 'x'"); /* 25P02 */
    return script->result;
}

/* ---- Conflicts ---- */

static void transaction_commits_once(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    struct script script = {.other = ADD_ONE};
    assert_int_equal(dsql_transaction(pool, play, &script, NULL), DSQL_OK);
    assert_int_equal(script.calls, 1);
    assert_int_equal(world_counter(), 1);
    world_close(pool);
}

static void ignored_conflict_is_retried(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    world.watched = pool;
    struct script script = {.result = DSQL_OK};
    assert_int_equal(dsql_transaction(pool, add_one_after_a_rival, &script, NULL), DSQL_OK);
    assert_int_equal(script.calls, 2);
    assert_int_equal(world_counter(), 2);
    assert_int_equal(world_conflicts(pool), 1);
    assert_int_equal(atomic_load(&world.sleeps), 1);
    assert_int_equal(atomic_load(&world.slept_with_connection), 0);
    world_close(pool);
}

/* As by PQexecPrepared() of what a failed PQprepare() should have prepared: not 25P02. */
static void fail_with_26000(PGconn *conn)
{
    PGresult *result = PQexecPrepared(conn, "nothing", 0, NULL, NULL, NULL, 0);
    assert_string_equal(PQresultErrorField(result, PG_DIAG_SQLSTATE), "26000");
    PQclear(result);
}

static dsql_status add_one_and_execute_nothing(PGconn *conn, void *arg, dsql_error *err)
{
    const struct script *script = arg;
    dsql_status status = add_one_after_a_rival(conn, arg, err);
    if (script->calls == 1) {
        fail_with_26000(conn);
    }
    return status;
}

static void conflict_before_another_error_is_retried(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    struct script script = {.result = DSQL_OK};
    assert_int_equal(dsql_transaction(pool, add_one_and_execute_nothing, &script, NULL), DSQL_OK);
    assert_int_equal(script.calls, 2);
    assert_int_equal(world_counter(), 2);
    world_close(pool);
}

static dsql_status fail_twice(PGconn *conn, void *arg, dsql_error *err)
{
    dsql_status status = play(conn, arg, err);
    fail_with_26000(conn);
    return status;
}

static void first_of_two_errors_is_reported(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    struct script script = {.other = "SELECT 1 / 0"};
    dsql_error err = {0};
    assert_int_equal(dsql_transaction(pool, fail_twice, &script, &err), DSQL_ERR_QUERY);
    assert_string_equal(err.sqlstate, "22012");
    world_close(pool);
}

static void conflict_at_commit_is_retried(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    struct script script = {.other = ADD_ONE "; " AT_COMMIT("40001", 2)};
    assert_int_equal(dsql_transaction(pool, play, &script, NULL), DSQL_OK);
    assert_int_equal(script.calls, 3);
    assert_int_equal(world_counter(), 1);
    assert_int_equal(world_conflicts(pool), 2);
    assert_int_equal(atomic_load(&world.now_ms), 50 + 100);
    world_close(pool);
}

static void conflict_that_remains_is_reported(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    struct script script = {.other = ADD_ONE "; " AT_COMMIT("OC000", 1000)};
    dsql_error err = {0};
    assert_int_equal(dsql_transaction(pool, play, &script, &err), DSQL_ERR_OCC);
    assert_int_equal(err.status, DSQL_ERR_OCC);
    assert_string_equal(err.sqlstate, "OC000");
    assert_non_null(strstr(err.message, "4 attempts"));
    assert_non_null(strstr(err.message, "(OC000): (id)=(7) in \"counter\""));
    assert_int_equal(script.calls, 4);
    assert_int_equal(world_conflicts(pool), 3);
    assert_int_equal(world_counter(), 0);
    world_close(pool);
}

#define RAISE(sqlstate)                                                                            \
    "DO $$ BEGIN RAISE EXCEPTION 'clash' USING ERRCODE = '" sqlstate                               \
    "', DETAIL = 'Row 7.', HINT = 'Again.'; END $$"

/* The DETAIL of another error may be data that does not belong in a log. */
static dsql_status say_only_of_conflicts(PGconn *conn, void *arg, dsql_error *err)
{
    (void)arg;
    assert_int_equal(dsql_check_clear(conn, PQexec(conn, RAISE("40001")), err), DSQL_ERR_OCC);
    assert_string_equal(err->message, "clash: Row 7");
    PQclear(PQexec(conn, "ROLLBACK"));
    assert_int_equal(dsql_check_clear(conn, PQexec(conn, RAISE("23505")), err), DSQL_ERR_QUERY);
    assert_string_equal(err->message, "clash; hint: Again.");
    return DSQL_ERR_QUERY;
}

static void only_conflicts_report_their_detail(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(1, -1);
    dsql_error err = {0};
    assert_int_not_equal(dsql_transaction(pool, say_only_of_conflicts, NULL, &err), DSQL_OK);
    world_close(pool);
}

static void no_attempt_starts_after_the_deadline(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(100, 150); /* waits of 50 and 100, and no 200 */
    struct script script = {.other = ADD_ONE "; " AT_COMMIT("40001", 1000)};
    assert_int_equal(dsql_transaction(pool, play, &script, NULL), DSQL_ERR_OCC);
    assert_int_equal(script.calls, 3);
    assert_int_equal(atomic_load(&world.now_ms), 150);
    world_close(pool);
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
    world_run(conn, sql);
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
    dsql_pool *pool = world_pool(100000, -1);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, pool), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *failures = NULL;
        pthread_join(threads[i], &failures);
        assert_null(failures);
    }
    assert_int_equal(world_counter(), THREADS * ROUNDS);
    assert_int_equal(world_conflicts(pool), atomic_load(&world.sleeps));
    world_close(pool);
}

/* ---- Bodies that misbehave ---- */

static void ignored_error_is_not_a_success(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    struct script script = {.other = ADD_ONE "; SELECT 1 / 0"};
    dsql_error err = {0};
    assert_int_equal(dsql_transaction(pool, play, &script, &err), DSQL_ERR_QUERY);
    assert_string_equal(err.sqlstate, "22012");
    assert_non_null(strstr(err.message, "although a statement failed"));
    assert_int_equal(script.calls, 1);
    assert_int_equal(world_counter(), 0);
    world_close(pool);
}

static void error_of_the_body_rolls_back(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    struct script script = {.other = ADD_ONE, .result = DSQL_ERR_CALLBACK};
    dsql_error err = {0};
    assert_int_equal(dsql_transaction(pool, play, &script, &err), DSQL_ERR_CALLBACK);
    assert_int_equal(err.status, DSQL_ERR_CALLBACK);
    assert_true(err.message[0] != '\0');
    assert_int_equal(script.calls, 1);
    assert_int_equal(world_counter(), 0);
    world_close(pool);
}

static void body_that_commits_itself_is_believed(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    struct script script = {.other = ADD_ONE "; COMMIT"};
    assert_int_equal(dsql_transaction(pool, play, &script, NULL), DSQL_OK);
    script.result = DSQL_ERR_CALLBACK;
    assert_int_equal(dsql_transaction(pool, play, &script, NULL), DSQL_ERR_CALLBACK);
    assert_int_equal(script.calls, 2);
    assert_int_equal(world_counter(), 2);
    world_close(pool);
}

/* A part is already committed and must not be repeated. */
static void expect_no_second_run(dsql_pool *pool, const char *first)
{
    dsql_error err = {0};
    struct script script = {.first = first, .other = ADD_ONE};
    world_reset();
    assert_int_equal(dsql_transaction(pool, play, &script, &err), DSQL_ERR_USAGE);
    assert_non_null(strstr(err.message, "COMMIT of its own"));
    assert_int_equal(script.calls, 1);
    assert_int_equal(world_counter(), 1);
}

static void body_that_committed_a_part_is_never_retried(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    expect_no_second_run(pool, ADD_ONE "; COMMIT; BEGIN; " AT_COMMIT("40001", 1));
    expect_no_second_run(pool, ADD_ONE "; COMMIT AND CHAIN; " AT_COMMIT("40001", 1) "; COMMIT");
    expect_no_second_run(pool, ADD_ONE "; COMMIT AND CHAIN; " DIE);
    expect_no_second_run(pool, ADD_ONE "; COMMIT; " DIE);
    world_close(pool);
}

static dsql_status leave_a_query(PGconn *conn, void *arg, dsql_error *err)
{
    (void)arg;
    (void)err;
    return PQsendQuery(conn, ADD_ONE) == 1 ? DSQL_OK : DSQL_ERR_CALLBACK;
}

static void unfinished_query_is_a_usage_error(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    assert_int_equal(dsql_transaction(pool, leave_a_query, NULL, NULL), DSQL_ERR_USAGE);
    world_close(pool);
    PGconn *conn = postgres_connect();
    assert_int_equal(dsql_conn_transaction(conn, NULL, leave_a_query, NULL, NULL), DSQL_ERR_USAGE);
    assert_int_equal(PQtransactionStatus(conn), PQTRANS_IDLE);
    PQfinish(conn);
    assert_int_equal(world_counter(), 0);
}

static dsql_status nest(PGconn *conn, void *arg, dsql_error *err)
{
    return dsql_conn_transaction(conn, NULL, play, arg, err);
}

static void nesting_on_one_connection_is_rejected(void **state)
{
    (void)state;
    PGconn *conn = postgres_connect();
    struct script script = {.other = ADD_ONE};
    assert_int_equal(dsql_conn_transaction(conn, NULL, nest, &script, NULL), DSQL_ERR_USAGE);
    assert_int_equal(script.calls, 0);
    PQfinish(conn);
}

/* ---- Lost connections ---- */

static void connection_lost_in_the_body_is_replaced(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    struct script script = {.first = ADD_ONE "; " DIE, .other = ADD_ONE};
    assert_int_equal(dsql_transaction(pool, play, &script, NULL), DSQL_OK);
    assert_int_equal(script.calls, 2);
    assert_int_equal(world_counter(), 1);
    assert_int_equal(world_conflicts(pool), 0);
    world_close(pool);
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

static void connection_lost_unnoticed_before_commit_is_replaced(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    struct script script = {.other = ADD_ONE};
    assert_int_equal(dsql_transaction(pool, add_one_and_be_killed, &script, NULL), DSQL_OK);
    assert_int_equal(script.calls, 2);
    assert_int_equal(world_counter(), 1);
    world_close(pool);
}

static void own_connection_lost_in_the_body_is_reported(void **state)
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
    dsql_pool *pool = world_pool(4, -1);
    struct script script = {.other = ADD_ONE "; " AT_COMMIT("die", 1)};
    dsql_error err = {0};
    assert_int_equal(dsql_transaction(pool, play, &script, &err), DSQL_ERR_COMMIT_UNKNOWN);
    assert_int_equal(err.status, DSQL_ERR_COMMIT_UNKNOWN);
    assert_non_null(strstr(err.message, "may have been committed"));
    assert_int_equal(script.calls, 1);
    assert_int_equal(world_conflicts(pool), 0);
    world_close(pool);
}

/* ---- A server that is away for a moment ---- */

static int refusals_of_the_restart;

static dsql_status add_one_and_restart(PGconn *conn, void *arg, dsql_error *err)
{
    struct script *script = arg;
    dsql_status status = play(conn, arg, err);
    if (script->calls == 1) {
        atomic_store(&world.refusals, refusals_of_the_restart);
        postgres_kill_backends();
    }
    return status;
}

static dsql_status run_through_restart(int refusals, int max_attempts, int timeout_ms,
                                       dsql_error *err)
{
    dsql_pool *pool = world_pool(max_attempts, timeout_ms);
    struct script script = {.other = ADD_ONE};
    refusals_of_the_restart = refusals;
    dsql_status status = dsql_transaction(pool, add_one_and_restart, &script, err);
    assert_int_equal(world_conflicts(pool), 0);
    world_close(pool);
    return status;
}

static dsql_status begin_again_and_fail(PGconn *conn, void *arg, dsql_error *err)
{
    dsql_status status = play(conn, arg, err);
    world_run(conn, "ROLLBACK");
    world_run(conn, "BEGIN");
    world_run(conn, "SELECT * FROM nowhere");
    return status;
}

static void error_before_a_rollback_of_the_body_is_over(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    struct script script = {.other = "SELECT 1 / 0"};
    dsql_error err = {0};
    assert_int_equal(dsql_transaction(pool, begin_again_and_fail, &script, &err), DSQL_ERR_QUERY);
    assert_string_equal(err.sqlstate, "42P01");
    world_close(pool);
}

static dsql_pool *crowded;
static PGconn *taken;
static int left_ms;

/* During the wait before a retry another caller gets the only connection, and time has passed. */
static void take_the_connection(void)
{
    taken = dsql_pool_acquire(crowded, NULL);
    assert_non_null(taken);
    atomic_store(&world.now_ms, 1000 - left_ms);
}

/* The clock goes on at each reading, so the limit is reached between two of them. */
static void no_acquire_waits_longer_than_the_time_limit(void **state)
{
    for (left_ms = 0; left_ms < 8; left_ms++) {
        (void)fresh_database(state);
        world.acquire_timeout_ms = 20;
        crowded = world_pool_on(postgres_conninfo(), 1, 4, 1000);
        atomic_store(&world.step_ms, 1);
        world.on_sleep = take_the_connection;
        struct script script = {.other = ADD_ONE "; " AT_COMMIT("OC000", 1000)};
        assert_int_equal(dsql_transaction(crowded, play, &script, NULL), DSQL_ERR_OCC);
        assert_int_equal(script.calls, 1);
        world.on_sleep = NULL;
        dsql_pool_release(crowded, taken);
        world_close(crowded);
    }
}

/*
 * For longer than one acquire may take, and more often than there are attempts: nothing has run, so
 * it is not an attempt.
 */
static void reconnect_that_is_refused_for_a_moment_is_tried_again(void **state)
{
    (void)state;
    world.acquire_timeout_ms = 20;
    atomic_store(&world.step_ms, 1);
    assert_int_equal(run_through_restart(3, 2, 60000, NULL), DSQL_OK);
    assert_int_equal(atomic_load(&world.refusals), 0);
    assert_int_equal(world_counter(), 1);
}

static void reconnect_that_is_refused_for_too_long_ends_at_the_time_limit(void **state)
{
    (void)state;
    dsql_error err = {0};
    atomic_store(&world.step_ms, 5);
    assert_int_equal(run_through_restart(1000, 20, 1000, &err), DSQL_ERR_CONNECT);
    assert_non_null(strstr(err.message, "the time limit of 1000 ms was reached; last error: "
                                        "refused by the test"));
    assert_int_equal(err.is_transient, 1);
    assert_int_equal(world_counter(), 0);
}

static void reconnect_that_is_rejected_ends_the_transaction_at_once(void **state)
{
    (void)state;
    dsql_error err = {0};
    atomic_store(&world.are_lasting, true);
    assert_int_equal(run_through_restart(3, 20, 60000, &err), DSQL_ERR_CONNECT);
    assert_string_equal(err.message, "refused by the test");
    assert_int_equal(atomic_load(&world.refusals), 2);
}

/* ---- A server that is silent ---- */

/*
 * The process of the connection is stopped, so its socket accepts everything and nothing is
 * answered.  From here on the clock advances at each reading, so that a limit of some seconds is
 * reached soon.
 */
static int freeze(PGconn *conn)
{
    int pid = PQbackendPID(conn);
    assert_int_equal(kill(pid, SIGSTOP), 0);
    atomic_store(&world.step_ms, 4900);
    return pid;
}

static void thaw(int pid)
{
    atomic_store(&world.step_ms, 0);
    assert_int_equal(kill(pid, SIGCONT), 0);
}

struct frozen {
    dsql_status result;
    int pid;
    int calls;
};

static dsql_status add_one_and_freeze(PGconn *conn, void *arg, dsql_error *err)
{
    struct frozen *frozen = arg;
    (void)err;
    frozen->calls++;
    world_run(conn, ADD_ONE);
    frozen->pid = freeze(conn);
    return frozen->result;
}

static void commit_without_an_answer_is_unknown(void **state)
{
    (void)state;
    static const int timeouts[] = {1, 4000};
    for (size_t i = 0; i < sizeof timeouts / sizeof timeouts[0]; i++) {
        world_reset(); /* waits for the COMMIT before, which would be a conflict */
        dsql_pool *pool = world_pool(4, timeouts[i]);
        struct frozen frozen = {.result = DSQL_OK};
        dsql_error err = {0};
        assert_int_equal(dsql_transaction(pool, add_one_and_freeze, &frozen, &err),
                         DSQL_ERR_COMMIT_UNKNOWN);
        assert_non_null(strstr(err.message, "did not answer COMMIT in time"));
        assert_int_equal(frozen.calls, 1);
        thaw(frozen.pid);
        world_close(pool);
    }
}

static void rollback_without_an_answer_keeps_the_error_of_the_body(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    struct frozen frozen = {.result = DSQL_ERR_CALLBACK};
    assert_int_equal(dsql_transaction(pool, add_one_and_freeze, &frozen, NULL), DSQL_ERR_CALLBACK);
    thaw(frozen.pid);
    world_close(pool);
    assert_int_equal(world_counter(), 0);
}

static void break_does_not_wait_for_a_silent_server(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    int pid = 0;
    dsql_error err;
    PGconn *conn;
    DSQL_TRANSACTION(pool, conn, &err) {
        pid = freeze(conn);
        break;
    }
    assert_int_equal(err.status, DSQL_ERR_CALLBACK);
    thaw(pid);
    dsql_pool_stats stats;
    dsql_pool_get_stats(pool, &stats);
    assert_int_equal(stats.in_use, 0);
    assert_int_equal(stats.open, 0); /* closed, since an answer may still come */
    world_close(pool);
}

static int frozen_pid;

static void freeze_new(PGconn *conn)
{
    frozen_pid = freeze(conn);
}

/* A new connection, since one that was idle is checked before it is handed out. */
static void silence_at_begin_is_a_timeout(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, 4000);
    PQfinish(dsql_pool_acquire(pool, NULL));
    world.on_connect = freeze_new;
    struct script script = {.other = ADD_ONE};
    dsql_error err = {0};
    assert_int_equal(dsql_transaction(pool, play, &script, &err), DSQL_ERR_TIMEOUT);
    assert_non_null(strstr(err.message, "did not answer BEGIN in time"));
    assert_int_equal(script.calls, 0);
    thaw(frozen_pid);
    world_close(pool);
}

/* ---- A server that misbehaves ---- */

/* Has the answers of a transaction, one behind the other, but the last one is for another question.
 */
static void answer_beside(struct fake_client *client, int number, void *arg)
{
    static const char *const tags[] = {"BEGIN", "UPDATE 1", "UPDATE 1"};
    char body[5000];
    char type = '\0';
    (void)number;
    (void)arg;
    if (!fake_read_password(client, body, sizeof body) || !fake_send_ready(client)) {
        return;
    }
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        if (!fake_read_message(client, &type, body, sizeof body) ||
            !fake_send_message(client, 'C', tags[i], strlen(tags[i]) + 1) ||
            !fake_send_message(client, 'Z', i == 2 ? "I" : "T", 1)) {
            return;
        }
    }
    fake_listen(client);
}

static void commit_with_another_command_tag_is_not_a_success(void **state)
{
    (void)state;
    static const struct fake_identity identity = {.name = "h.example"};
    struct fake_server *server = fake_server_start(&identity, answer_beside, NULL);
    char conninfo[300];
    snprintf(conninfo, sizeof conninfo,
             "host=h.example hostaddr=127.0.0.1 port=%s sslmode=verify-full sslrootcert=%s user=u "
             "password=p gssencmode=disable",
             fake_server_port(server), fake_server_ca_file(server));
    PGconn *conn = PQconnectdb(conninfo);
    assert_int_equal(PQstatus(conn), CONNECTION_OK);
    struct script script = {.other = ADD_ONE};
    assert_int_equal(dsql_conn_transaction(conn, NULL, play, &script, NULL),
                     DSQL_ERR_COMMIT_UNKNOWN);
    assert_int_equal(script.calls, 1);
    PQfinish(conn);
    fake_server_stop(server);
}

static void own_connection_is_retried_too(void **state)
{
    (void)state;
    PGconn *conn = postgres_connect();
    struct script script = {.other = ADD_ONE "; " AT_COMMIT("40001", 2)};
    const dsql_options *options = DSQL_OPTIONS(.max_attempts = 3, .retry_base_ms = 1);
    assert_int_equal(dsql_conn_transaction(conn, options, play, &script, NULL), DSQL_OK);
    assert_int_equal(script.calls, 3);
    assert_int_equal(world_counter(), 1);
    assert_int_equal(PQtransactionStatus(conn), PQTRANS_IDLE);
    PQfinish(conn);
}

static void one_attempt_turns_retry_off(void **state)
{
    (void)state;
    PGconn *conn = postgres_connect();
    struct script script = {.other = ADD_ONE "; " AT_COMMIT("40001", 2)};
    const dsql_options *options = DSQL_OPTIONS(.max_attempts = 1);
    dsql_error err = {0};
    assert_int_equal(dsql_conn_transaction(conn, options, play, &script, &err), DSQL_ERR_OCC);
    assert_string_equal(err.sqlstate, "40001");
    assert_int_equal(script.calls, 1);
    PQfinish(conn);
}

/* ---- Options of a call ---- */

struct heard {
    int calls, attempt, wait_ms;
    dsql_occ kind;
    dsql_error reason;
};

static void hear(void *arg, const dsql_retry *retry)
{
    struct heard *heard = arg;
    *heard = (struct heard){heard->calls + 1, retry->attempt, retry->wait_ms, retry->kind,
                            *retry->reason};
}

static void options_of_a_call_win_over_the_pool(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(2, -1);
    struct script script = {.other = ADD_ONE "; " AT_COMMIT("40001", 4)};
    struct heard heard = {0};
    const dsql_transaction_options *options =
        DSQL_TRANSACTION_OPTIONS(.max_attempts = 9, .retry_base_ms = 10, .retry_max_ms = 20,
                                 .on_retry = hear, .on_retry_arg = &heard);
    assert_int_equal(dsql_transaction_with(pool, options, play, &script, NULL), DSQL_OK);
    assert_int_equal(script.calls, 5);
    assert_int_equal(atomic_load(&world.now_ms), 5 + 10 + 10 + 10);
    assert_int_equal(heard.calls, 4);
    assert_int_equal(heard.attempt, 4);
    assert_int_equal(heard.wait_ms, 10);
    assert_int_equal(heard.kind, DSQL_OCC_DATA);
    assert_int_equal(heard.reason.status, DSQL_ERR_OCC);
    assert_string_equal(heard.reason.sqlstate, "40001");
    world_close(pool);
}

static void small_maximum_of_a_call_bounds_the_base_of_the_pool(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    struct script script = {.other = ADD_ONE "; " AT_COMMIT("40001", 1)};
    const dsql_transaction_options *options = DSQL_TRANSACTION_OPTIONS(.retry_max_ms = 30);
    assert_int_equal(dsql_transaction_with(pool, options, play, &script, NULL), DSQL_OK);
    assert_int_equal(atomic_load(&world.now_ms), 15);
    world_close(pool);
}

static void wrong_options_of_a_call_are_usage_errors(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    struct script script = {.other = ADD_ONE};
    const dsql_transaction_options wrong[] = {
        {.struct_size = 0},
        {.struct_size = sizeof wrong[0], .max_attempts = -1},
        {.struct_size = sizeof wrong[0], .retry_base_ms = 200, .retry_max_ms = 100},
        {.struct_size = sizeof wrong[0], .timeout_ms = -2},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        dsql_error err = {0};
        assert_int_equal(dsql_transaction_with(pool, &wrong[i], play, &script, &err),
                         DSQL_ERR_USAGE);
        assert_true(err.message[0] != '\0');
    }
    assert_int_equal(script.calls, 0);
    world_close(pool);
}

static void read_only_transaction_cannot_write(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    const dsql_transaction_options *options = DSQL_TRANSACTION_OPTIONS(.read_only = 1);
    struct script reading = {.other = "SELECT n FROM counter"};
    assert_int_equal(dsql_transaction_with(pool, options, play, &reading, NULL), DSQL_OK);
    struct script writing = {.other = ADD_ONE};
    dsql_error err = {0};
    assert_int_equal(dsql_transaction_with(pool, options, play, &writing, &err), DSQL_ERR_QUERY);
    assert_string_equal(err.sqlstate, "25006");
    assert_int_equal(dsql_transaction(pool, play, &writing, NULL), DSQL_OK);
    assert_int_equal(world_counter(), 1);
    world_close(pool);
}

static void first_new_schema_is_retried_without_a_wait(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    struct script script = {.other = ADD_ONE "; " AT_COMMIT("schema", 2)};
    struct heard heard = {0};
    const dsql_transaction_options *options =
        DSQL_TRANSACTION_OPTIONS(.on_retry = hear, .on_retry_arg = &heard);
    assert_int_equal(dsql_transaction_with(pool, options, play, &script, NULL), DSQL_OK);
    assert_int_equal(script.calls, 3);
    assert_int_equal(heard.kind, DSQL_OCC_SCHEMA);
    assert_int_equal(atomic_load(&world.now_ms), 50); /* 0, and then the first wait */
    assert_int_equal(world_conflicts(pool), 2);
    world_close(pool);
}

static void on_retry_reports_a_lost_connection(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    struct script script = {.first = DIE, .other = ADD_ONE};
    struct heard heard = {0};
    const dsql_transaction_options *options =
        DSQL_TRANSACTION_OPTIONS(.on_retry = hear, .on_retry_arg = &heard);
    assert_int_equal(dsql_transaction_with(pool, options, play, &script, NULL), DSQL_OK);
    assert_int_equal(heard.calls, 1);
    assert_int_equal(heard.kind, DSQL_OCC_NONE);
    assert_int_equal(heard.reason.status, DSQL_ERR_CONNECT);
    world_close(pool);
}

static void take_long(void *arg, const dsql_retry *retry)
{
    (void)arg;
    (void)retry;
    atomic_fetch_add(&world.now_ms, 1000);
}

static void no_attempt_starts_after_a_hook_that_took_too_long(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(100, 500);
    struct script script = {.other = ADD_ONE "; " AT_COMMIT("40001", 1000)};
    const dsql_transaction_options *options = DSQL_TRANSACTION_OPTIONS(.on_retry = take_long);
    dsql_error err = {0};
    assert_int_equal(dsql_transaction_with(pool, options, play, &script, &err), DSQL_ERR_OCC);
    assert_int_equal(script.calls, 1);
    assert_non_null(strstr(err.message, "1 attempt"));
    assert_non_null(strstr(err.message, "1050 ms"));
    assert_non_null(strstr(err.message, "the time limit of 500 ms was reached"));
    world_close(pool);
}

static void clock_jumps_back(void)
{
    atomic_store(&world.now_ms, -100000);
}

static void clock_that_goes_back_does_not_end_the_retries(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(3, 500);
    world.on_sleep = clock_jumps_back;
    struct script script = {.other = ADD_ONE "; " AT_COMMIT("40001", 2)};
    assert_int_equal(dsql_transaction(pool, play, &script, NULL), DSQL_OK);
    assert_int_equal(script.calls, 3);
    world_close(pool);
}

static void clock_that_goes_back_counts_as_no_time(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(2, 500);
    world.on_sleep = clock_jumps_back;
    struct script script = {.other = ADD_ONE "; " AT_COMMIT("40001", 9)};
    dsql_error err = {0};
    assert_int_equal(dsql_transaction(pool, play, &script, &err), DSQL_ERR_OCC);
    assert_non_null(strstr(err.message, "2 attempts (0 ms)"));
    world_close(pool);
}

static PGconn *taken;

static void take_watched(void)
{
    taken = dsql_pool_acquire(world.watched, NULL);
}

/* Another thread has the only connection, and the pool alone would wait without a limit. */
static void no_attempt_waits_for_a_connection_beyond_the_deadline(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool_on(postgres_conninfo(), 1, 9, 60);
    world.watched = pool;
    world.on_sleep = take_watched;
    struct script script = {.other = ADD_ONE "; " AT_COMMIT("40001", 9)};
    dsql_error err = {0};
    assert_int_equal(dsql_transaction(pool, play, &script, &err), DSQL_ERR_OCC);
    assert_int_equal(script.calls, 1);
    assert_non_null(strstr(err.message, "the time limit of 60 ms was reached"));
    assert_string_equal(err.sqlstate, "40001");
    dsql_pool_release(pool, taken);
    world_close(pool);
}

/* ---- Bodies that close or reset the connection ---- */

static dsql_status finish_it(PGconn *conn, void *arg, dsql_error *err)
{
    (void)err;
    PQfinish(conn);
    return *(dsql_status *)arg;
}

static void body_may_close_the_connection(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_status result = DSQL_OK;
    dsql_error err = {0};
    assert_int_equal(dsql_transaction(pool, finish_it, &result, &err), DSQL_ERR_USAGE);
    assert_non_null(strstr(err.message, "closed its connection"));
    result = DSQL_ERR_CALLBACK;
    assert_int_equal(dsql_transaction(pool, finish_it, &result, NULL), DSQL_ERR_CALLBACK);
    assert_int_equal(dsql_conn_transaction(postgres_connect(), NULL, finish_it, &result, NULL),
                     DSQL_ERR_CALLBACK);
    assert_int_equal(world_conflicts(pool), 0);
    world_close(pool);
}

static dsql_status reset_it(PGconn *conn, void *arg, dsql_error *err)
{
    struct script *script = arg;
    dsql_status status = play(conn, arg, err);
    if (script->calls == 1) {
        PQreset(conn);
    }
    return status;
}

static dsql_status add_one_and_end_the_thread(PGconn *conn, void *arg, dsql_error *err)
{
    (void)err;
    world_run(conn, ADD_ONE);
    pthread_exit(arg);
}

static void *run_to_the_end(void *arg)
{
    dsql_status status = dsql_transaction(arg, add_one_and_end_the_thread, arg, NULL);
    (void)status; /* there is none */
    return NULL;
}

/* Only glibc's pthread_exit() unwinds the stack. */
static void thread_that_exits_in_the_body_rolls_back(void **state)
{
    (void)state;
#ifndef __GLIBC__
    skip();
#endif
    dsql_pool *pool = world_pool(4, -1);
    pthread_t thread;
    void *result = NULL;
    assert_int_equal(pthread_create(&thread, NULL, run_to_the_end, pool), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, pool);
    assert_int_equal(world_counter(), 0);
    world_close(pool);
}

static void body_that_resets_the_connection_has_lost_it(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    struct script script = {.other = ADD_ONE};
    assert_int_equal(dsql_transaction(pool, reset_it, &script, NULL), DSQL_OK);
    assert_int_equal(script.calls, 2);
    assert_int_equal(world_counter(), 1);
    world_close(pool);
}

static void body_that_rolls_back_is_not_a_success(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    struct script script = {.other = ADD_ONE "; ROLLBACK"};
    dsql_error err = {0};
    assert_int_equal(dsql_transaction(pool, play, &script, &err), DSQL_ERR_QUERY);
    assert_non_null(strstr(err.message, "body rolled back"));
    assert_int_equal(script.calls, 1);
    script.result = DSQL_ERR_CALLBACK;
    assert_int_equal(dsql_transaction(pool, play, &script, NULL), DSQL_ERR_CALLBACK);
    assert_int_equal(world_counter(), 0);
    world_close(pool);
}

static dsql_status collide_and_roll_back(PGconn *conn, void *arg, dsql_error *err)
{
    dsql_status status = add_one_after_a_rival(conn, arg, err);
    if (((struct script *)arg)->calls == 1) {
        world_run(conn, "ROLLBACK");
    }
    return status;
}

static void body_that_rolls_back_a_conflict_is_retried(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    struct script script = {.result = DSQL_OK};
    assert_int_equal(dsql_transaction(pool, collide_and_roll_back, &script, NULL), DSQL_OK);
    assert_int_equal(script.calls, 2);
    assert_int_equal(world_counter(), 2);
    world_close(pool);
}

static void close_watched(void)
{
    assert_int_equal(dsql_pool_close(world.watched, 0), DSQL_ERR_TIMEOUT);
}

static void pool_that_closes_during_a_wait_ends_the_transaction(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    world.watched = pool;
    world.on_sleep = close_watched;
    struct script script = {.other = ADD_ONE "; " AT_COMMIT("40001", 9)};
    assert_int_equal(dsql_transaction(pool, play, &script, NULL), DSQL_ERR_CLOSED);
    assert_int_equal(script.calls, 1);
    world_close(pool);
}

static void missing_arguments_are_usage_errors(void **state)
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
        ON_FRESH(ignored_conflict_is_retried),
        ON_FRESH(conflict_before_another_error_is_retried),
        ON_FRESH(first_of_two_errors_is_reported),
        ON_FRESH(error_before_a_rollback_of_the_body_is_over),
        ON_FRESH(conflict_at_commit_is_retried),
        ON_FRESH(conflict_that_remains_is_reported),
        ON_FRESH(only_conflicts_report_their_detail),
        ON_FRESH(no_attempt_starts_after_the_deadline),
        ON_FRESH(no_increment_is_lost_or_doubled),
        ON_FRESH(ignored_error_is_not_a_success),
        ON_FRESH(error_of_the_body_rolls_back),
        ON_FRESH(body_that_commits_itself_is_believed),
        ON_FRESH(body_that_committed_a_part_is_never_retried),
        ON_FRESH(unfinished_query_is_a_usage_error),
        ON_FRESH(nesting_on_one_connection_is_rejected),
        ON_FRESH(connection_lost_in_the_body_is_replaced),
        ON_FRESH(connection_lost_unnoticed_before_commit_is_replaced),
        ON_FRESH(own_connection_lost_in_the_body_is_reported),
        ON_FRESH(connection_lost_during_commit_is_never_retried),
        ON_FRESH(no_acquire_waits_longer_than_the_time_limit),
        ON_FRESH(reconnect_that_is_refused_for_a_moment_is_tried_again),
        ON_FRESH(reconnect_that_is_refused_for_too_long_ends_at_the_time_limit),
        ON_FRESH(reconnect_that_is_rejected_ends_the_transaction_at_once),
        ON_FRESH(commit_without_an_answer_is_unknown),
        ON_FRESH(rollback_without_an_answer_keeps_the_error_of_the_body),
        ON_FRESH(break_does_not_wait_for_a_silent_server),
        ON_FRESH(silence_at_begin_is_a_timeout),
        cmocka_unit_test(commit_with_another_command_tag_is_not_a_success),
        ON_FRESH(own_connection_is_retried_too),
        ON_FRESH(one_attempt_turns_retry_off),
        ON_FRESH(options_of_a_call_win_over_the_pool),
        ON_FRESH(small_maximum_of_a_call_bounds_the_base_of_the_pool),
        ON_FRESH(wrong_options_of_a_call_are_usage_errors),
        ON_FRESH(read_only_transaction_cannot_write),
        ON_FRESH(first_new_schema_is_retried_without_a_wait),
        ON_FRESH(on_retry_reports_a_lost_connection),
        ON_FRESH(no_attempt_starts_after_a_hook_that_took_too_long),
        ON_FRESH(no_attempt_waits_for_a_connection_beyond_the_deadline),
        ON_FRESH(clock_that_goes_back_does_not_end_the_retries),
        ON_FRESH(clock_that_goes_back_counts_as_no_time),
        ON_FRESH(body_may_close_the_connection),
        ON_FRESH(thread_that_exits_in_the_body_rolls_back),
        ON_FRESH(body_that_resets_the_connection_has_lost_it),
        ON_FRESH(body_that_rolls_back_is_not_a_success),
        ON_FRESH(body_that_rolls_back_a_conflict_is_retried),
        ON_FRESH(pool_that_closes_during_a_wait_ends_the_transaction),
        cmocka_unit_test(missing_arguments_are_usage_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
