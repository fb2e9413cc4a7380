/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections cut at each step of the protocol, for everything that is retried: before the server
 * gets the message, and after it has answered but before the answer arrives.  The reported
 * outcome is compared with what is in the table.
 */
#include "cutter.h"
#include "postgres.h"
#include "unit.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

static int fresh_database(void **state)
{
    (void)state;
    world_reset();
    cutter_arm("", CUT_BEFORE, 0);
    return 0;
}

/* ---- The four forms, each adding one ---- */

static dsql_status add_one(PGconn *conn, void *arg, dsql_error *err)
{
    (void)arg;
    return dsql_check_clear(conn, PQexec(conn, ADD_ONE), err);
}

static dsql_status by_callback(dsql_pool *pool)
{
    return dsql_transaction(pool, add_one, NULL, NULL);
}

static dsql_status by_loop(dsql_pool *pool)
{
    dsql_error err;
    PGconn *conn;
    DSQL_TRANSACTION(pool, conn, &err) {
        PQclear(PQexec(conn, ADD_ONE));
    }
    return err.status;
}

static dsql_status by_statement(dsql_pool *pool)
{
    dsql_error err = {0};
    PQclear(dsql_exec(pool, ADD_ONE, 0, NULL, &err));
    return err.status;
}

static dsql_status by_batch(dsql_pool *pool)
{
    dsql_batch *batch = dsql_batch_new(pool, ADD_ONE, 0, NULL, NULL);
    dsql_status status = dsql_batch_add(batch, NULL, NULL);
    assert_int_equal(status, DSQL_OK);
    status = dsql_batch_flush(batch, NULL);
    assert_int_equal(dsql_batch_committed(batch), status == DSQL_OK ? 1 : 0);
    assert_int_equal(dsql_batch_pending(batch), status == DSQL_OK ? 0 : 1);
    dsql_batch_free(batch);
    return status;
}

struct form {
    const char *name;
    dsql_status (*run)(dsql_pool *pool);
    bool is_alone; /* the statement commits itself */
};

static const struct form forms[] = {
    {"callback", by_callback, false},
    {"name each other", by_loop, false},
    {"statement", by_statement, true},
    {"batch", by_batch, false},
};

enum { FORMS = sizeof forms / sizeof forms[0] };

struct example {
    const char *message;
    enum cut where;
    int times;
    dsql_status status;
    long counter;
};

static void check(const struct form *form, const struct example *example)
{
    world_reset();
    dsql_pool *pool = world_pool_on(cutter_conninfo(), 2, 4, -1);
    cutter_arm(example->message, example->where, example->times);
    dsql_status status = form->run(pool);
    if (status != example->status || world_counter() != example->counter ||
        cutter_cuts() != example->times || world_conflicts(pool) != 0) {
        fail_msg("%s, %s %s %d times: %s and %ld after %d cuts", form->name,
                 example->where == CUT_BEFORE ? "before" : "after", example->message,
                 example->times, dsql_status_name(status), world_counter(), cutter_cuts());
    }
    cutter_arm("", CUT_BEFORE, 0);
    assert_int_equal(form->run(pool), DSQL_OK); /* the pool still works */
    world_close(pool);
}

static void check_transactions(const struct example *example)
{
    for (int i = 0; i < FORMS; i++) {
        if (!forms[i].is_alone) {
            check(&forms[i], example);
        }
    }
}

static void cut_at_begin_is_retried(void **state)
{
    (void)state;
    check_transactions(&(struct example){"BEGIN", CUT_BEFORE, 2, DSQL_OK, 1});
    check_transactions(&(struct example){"BEGIN", CUT_AFTER, 3, DSQL_OK, 1});
}

static void cut_in_the_body_is_retried(void **state)
{
    (void)state;
    check_transactions(&(struct example){"UPDATE", CUT_BEFORE, 3, DSQL_OK, 1});
    check_transactions(&(struct example){"UPDATE", CUT_AFTER, 2, DSQL_OK, 1});
}

static void cut_in_each_attempt_is_reported(void **state)
{
    (void)state;
    check_transactions(&(struct example){"BEGIN", CUT_BEFORE, 4, DSQL_ERR_CONNECT, 0});
    check_transactions(&(struct example){"UPDATE", CUT_AFTER, 4, DSQL_ERR_CONNECT, 0});
}

static void cut_at_commit_is_unknown(void **state)
{
    (void)state;
    check_transactions(&(struct example){"COMMIT", CUT_BEFORE, 1, DSQL_ERR_COMMIT_UNKNOWN, 0});
    check_transactions(&(struct example){"COMMIT", CUT_AFTER, 1, DSQL_ERR_COMMIT_UNKNOWN, 1});
}

static void cut_in_a_statement_is_unknown(void **state)
{
    (void)state;
    for (int i = 0; i < FORMS; i++) {
        if (forms[i].is_alone) {
            check(&forms[i],
                  &(struct example){"UPDATE", CUT_BEFORE, 1, DSQL_ERR_COMMIT_UNKNOWN, 0});
            check(&forms[i], &(struct example){"UPDATE", CUT_AFTER, 1, DSQL_ERR_COMMIT_UNKNOWN, 1});
        }
    }
}

/* ---- Transactions that cannot write ---- */

static dsql_status run_script(PGconn *conn, void *arg, dsql_error *err)
{
    return dsql_check_clear(conn, PQexec(conn, arg), err);
}

/* The status of a READ ONLY transaction whose COMMIT gets no answer, as many times as given. */
static dsql_status lose_commits(char *sql, enum cut where, int times, dsql_error *err)
{
    world_reset();
    dsql_pool *pool = world_pool_on(cutter_conninfo(), 2, 4, -1);
    cutter_arm("COMMIT", where, times);
    dsql_status status =
        dsql_transaction_with(pool, DSQL_TRANSACTION_OPTIONS(.read_only = 1), run_script, sql, err);
    world_close(pool);
    return status;
}

static void lost_commit_of_a_read_only_transaction_is_retried(void **state)
{
    (void)state;
    char read[] = "SELECT n FROM counter";
    dsql_error err = {0};
    assert_int_equal(lose_commits(read, CUT_BEFORE, 3, NULL), DSQL_OK);
    assert_int_equal(lose_commits(read, CUT_AFTER, 3, NULL), DSQL_OK);
    assert_int_equal(cutter_cuts(), 3);
    assert_int_equal(lose_commits(read, CUT_AFTER, 4, &err), DSQL_ERR_CONNECT);
    assert_non_null(strstr(err.message, "during COMMIT of a read-only transaction"));
}

/* Whatever could have ended READ ONLY, the outcome counts as unknown again. */
static void read_only_transaction_that_could_write_is_not_retried(void **state)
{
    (void)state;
    static const char *const first[] = {
        "SET TRANSACTION READ WRITE", "SET LOCAL transaction_read_only = off",
        "SELECT 1; ROLLBACK; BEGIN", "RESET search_path", /* not only what does it today */
    };
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        char sql[200];
        bool can_write = strstr(first[i], "RESET") == NULL;
        snprintf(sql, sizeof sql, "%s; %s", first[i], can_write ? ADD_ONE : "SELECT 1");
        assert_int_equal(lose_commits(sql, CUT_AFTER, 1, NULL), DSQL_ERR_COMMIT_UNKNOWN);
        assert_int_equal(world_counter(), can_write ? 1 : 0);
    }
}

/* A function that the statement calls can neither write nor turn READ ONLY off. */
static void function_does_not_end_read_only(void **state)
{
    (void)state;
    dsql_error err = {0};
    char set[] = "SELECT set_config('transaction_read_only', 'off', true)";
    assert_int_equal(lose_commits(set, CUT_AFTER, 1, &err), DSQL_ERR_QUERY);
    assert_string_equal(err.sqlstate, "25001");
    char write[] = "DO $$ BEGIN UPDATE counter SET n = n + 1; END $$";
    assert_int_equal(lose_commits(write, CUT_AFTER, 1, &err), DSQL_ERR_QUERY);
    assert_string_equal(err.sqlstate, "25006");
    assert_int_equal(world_counter(), 0);
}

static void lost_read_only_statement_is_retried(void **state)
{
    (void)state;
    static const char *const messages[] = {"BEGIN", "SELECT", "COMMIT"};
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        world_reset();
        dsql_pool *pool = world_pool_on(cutter_conninfo(), 2, 4, -1);
        cutter_arm(messages[i], CUT_AFTER, 2);
        PGresult *result = dsql_exec_with(pool, DSQL_TRANSACTION_OPTIONS(.read_only = 1),
                                          "SELECT n FROM counter", 0, NULL, NULL);
        assert_string_equal(PQgetvalue(result, 0, 0), "0");
        PQclear(result);
        assert_int_equal(cutter_cuts(), 2);
        world_close(pool);
    }
}

/* Without the option even a SELECT may have written: it can call a function. */
static void lost_select_without_the_option_is_unknown(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool_on(cutter_conninfo(), 2, 4, -1);
    dsql_error err = {0};
    cutter_arm("SELECT", CUT_AFTER, 1);
    assert_null(dsql_exec(pool, "SELECT n FROM counter", 0, NULL, &err));
    assert_int_equal(err.status, DSQL_ERR_COMMIT_UNKNOWN);
    world_close(pool);
}

/* ---- Lost before anything was sent ---- */

/* Killed in the pool; noticed only when the statement is about to be sent. */
static void connection_killed_while_idle_is_replaced(void **state)
{
    (void)state;
    for (int i = 0; i < FORMS; i++) {
        world_reset();
        dsql_pool *pool = world_pool(4, -1);
        postgres_kill_backends();
        assert_int_equal(forms[i].run(pool), DSQL_OK);
        assert_int_equal(world_counter(), 1);
        world_close(pool);
    }
}

static void kill_once(PGconn *conn)
{
    world.on_connect = NULL;
    postgres_kill(PQbackendPID(conn));
}

/* Killed between the pool's check and ours: nothing was sent, so the outcome is known. */
static void connection_lost_before_sending_is_replaced(void **state)
{
    (void)state;
    for (int i = 0; i < FORMS; i++) {
        world_reset();
        dsql_pool *pool = world_pool(4, -1);
        postgres_kill_backends();
        world.on_connect = kill_once;
        assert_int_equal(forms[i].run(pool), DSQL_OK);
        assert_int_equal(atomic_load(&world.sleeps), 1);
        assert_int_equal(world_counter(), 1);
        world_close(pool);
    }
}

#define ON_FRESH(test) cmocka_unit_test_setup(test, fresh_database)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_FRESH(cut_at_begin_is_retried),
        ON_FRESH(cut_in_the_body_is_retried),
        ON_FRESH(cut_in_each_attempt_is_reported),
        ON_FRESH(cut_at_commit_is_unknown),
        ON_FRESH(cut_in_a_statement_is_unknown),
        ON_FRESH(lost_commit_of_a_read_only_transaction_is_retried),
        ON_FRESH(read_only_transaction_that_could_write_is_not_retried),
        ON_FRESH(function_does_not_end_read_only),
        ON_FRESH(lost_read_only_statement_is_retried),
        ON_FRESH(lost_select_without_the_option_is_unknown),
        ON_FRESH(connection_killed_while_idle_is_replaced),
        ON_FRESH(connection_lost_before_sending_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
