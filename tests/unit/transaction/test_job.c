/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Waiting for asynchronous jobs; sys.jobs is a table that the test changes between two reads. */
#include "cutter.h"
#include "postgres.h"
#include "unit.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

#define ID "abcdefghijklmnopqrstuvw234"

static int fresh_database(void **state)
{
    (void)state;
    world_reset();
    return 0;
}

static void add_job(const char *status, const char *details)
{
    char sql[200];
    snprintf(sql, sizeof sql, "INSERT INTO sys.jobs VALUES ('" ID "', '%s', '%s')", status,
             details);
    postgres_run(sql);
}

static void completed_job_needs_no_wait(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    add_job("completed", "");
    assert_int_equal(dsql_job_wait(pool, ID, -1, NULL), DSQL_OK);
    assert_int_equal(dsql_job_wait(pool, ID, 0, NULL), DSQL_OK);
    assert_int_equal(atomic_load(&world.sleeps), 0);
    assert_int_equal(world_conflicts(pool), 0);
    world_close(pool);
}

static void go_on_after_seven_looks(void)
{
    int sleeps = atomic_load(&world.sleeps);
    if (sleeps == 2) {
        postgres_run("UPDATE sys.jobs SET status = 'processing'");
    }
    if (sleeps == 7) {
        postgres_run("UPDATE sys.jobs SET status = 'completed'");
    }
}

static void waits_grow_to_two_seconds(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    world.watched = pool;
    world.on_sleep = go_on_after_seven_looks;
    add_job("submitted", "");
    assert_int_equal(dsql_job_wait(pool, ID, -1, NULL), DSQL_OK);
    assert_int_equal(atomic_load(&world.now_ms), 100 + 200 + 400 + 800 + 1600 + 2000 + 2000);
    assert_int_equal(atomic_load(&world.slept_with_connection), 0);
    world_close(pool);
}

static void last_read_is_at_the_deadline(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    add_job("processing", "");
    dsql_error err = {0};
    assert_int_equal(dsql_job_wait(pool, ID, 450, &err), DSQL_ERR_TIMEOUT);
    assert_int_equal(atomic_load(&world.now_ms), 450);
    assert_int_equal(atomic_load(&world.sleeps), 3); /* 100, 200, and the 150 that are left */
    assert_non_null(strstr(err.message, ID));
    assert_non_null(strstr(err.message, "450 ms"));
    assert_int_equal(dsql_job_wait(pool, ID, 0, NULL), DSQL_ERR_TIMEOUT);
    assert_int_equal(atomic_load(&world.now_ms), 450);
    world_close(pool);
}

static void failed_job_says_why(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    add_job("failed", "Found duplicate key while validating index for UCVs");
    dsql_error err = {0};
    assert_int_equal(dsql_job_wait(pool, ID, -1, &err), DSQL_ERR_QUERY);
    assert_non_null(strstr(err.message, "failed: Found duplicate key"));
    world_close(pool);
}

static void missing_job_is_reported(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_error err = {0};
    assert_int_equal(dsql_job_wait(pool, ID, -1, &err), DSQL_ERR_QUERY);
    assert_non_null(strstr(err.message, "forgets finished jobs"));
    world_close(pool);
}

static void unknown_state_is_not_waited_for(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    add_job("cancelled", "by admin");
    dsql_error err = {0};
    assert_int_equal(dsql_job_wait(pool, ID, -1, &err), DSQL_ERR_QUERY);
    assert_non_null(strstr(err.message, "cancelled: by admin"));
    world_close(pool);
}

static void only_valid_job_ids_are_sent(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "abcdefghijklmnopqrstuvw23",
                                        (ID "a"),
                                        "Abcdefghijklmnopqrstuvw234",
                                        "abcdefghijklmnopqrstuvw231",
                                        "abcdefghijklmnopqrstuvw'--"};
    dsql_pool *pool = world_pool(4, -1);
    postgres_run("DROP TABLE sys.jobs"); /* a query would be another error */
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        dsql_error err = {0};
        assert_int_equal(dsql_job_wait(pool, wrong[i], -1, &err), DSQL_ERR_USAGE);
        assert_int_equal(err.status, DSQL_ERR_USAGE);
    }
    assert_int_equal(dsql_job_wait(pool, NULL, -1, NULL), DSQL_ERR_USAGE);
    assert_int_equal(dsql_job_wait(NULL, ID, -1, NULL), DSQL_ERR_USAGE);
    assert_int_equal(dsql_job_wait(pool, ID, -2, NULL), DSQL_ERR_USAGE);
    dsql_error err = {0};
    assert_int_equal(dsql_job_wait(pool, ID, -1, &err), DSQL_ERR_QUERY);
    assert_string_equal(err.sqlstate, "42P01");
    world_close(pool);
}

/* Reading changes nothing, so unlike other statements it is repeated. */
static void read_without_an_answer_is_repeated(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool_on(cutter_conninfo(), 4, 4, -1);
    add_job("completed", "");
    cutter_arm("sys.jobs", CUT_AFTER, 2);
    assert_int_equal(dsql_job_wait(pool, ID, -1, NULL), DSQL_OK);
    assert_int_equal(cutter_cuts(), 2);
    world_close(pool);
}

#define ON_FRESH(test) cmocka_unit_test_setup(test, fresh_database)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_FRESH(completed_job_needs_no_wait),  ON_FRESH(waits_grow_to_two_seconds),
        ON_FRESH(last_read_is_at_the_deadline), ON_FRESH(failed_job_says_why),
        ON_FRESH(missing_job_is_reported),      ON_FRESH(unknown_state_is_not_waited_for),
        ON_FRESH(only_valid_job_ids_are_sent),  ON_FRESH(read_without_an_answer_is_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
