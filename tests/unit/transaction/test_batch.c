/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Batches: what is committed, what is kept, and which row was rejected. */
#include "postgres.h"
#include "unit.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INSERT "INSERT INTO items VALUES ($1::int, $2)"

static int fresh_database(void **state)
{
    (void)state;
    world_reset();
    return 0;
}

static long items(void)
{
    return postgres_number("SELECT count(*) FROM items");
}

static dsql_batch *batch_of(dsql_pool *pool, const char *sql, int params, int max_rows,
                            size_t max_bytes)
{
    dsql_batch_options options = dsql_batch_options_init();
    options.max_rows = max_rows;
    options.max_bytes = max_bytes;
    dsql_error err = {0};
    dsql_batch *batch = dsql_batch_new(pool, sql, params, &options, &err);
    assert_int_equal(err.status, DSQL_OK);
    assert_non_null(batch);
    return batch;
}

static dsql_status add(dsql_batch *batch, int id, const char *name, dsql_error *err)
{
    char number[12];
    snprintf(number, sizeof number, "%d", id);
    const char *values[] = {number, name};
    return dsql_batch_add(batch, values, err);
}

static void check_counts(const dsql_batch *batch, uint64_t committed, uint64_t pending)
{
    assert_int_equal(dsql_batch_committed(batch), committed);
    assert_int_equal(dsql_batch_pending(batch), pending);
}

static void each_full_batch_is_a_transaction(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_batch *batch = batch_of(pool, INSERT, 2, 3, 0);
    for (int i = 1; i <= 7; i++) {
        assert_int_equal(add(batch, i, i % 2 == 0 ? NULL : "odd", NULL), DSQL_OK);
    }
    check_counts(batch, 6, 1);
    assert_int_equal(items(), 6);
    assert_int_equal(dsql_batch_flush(batch, NULL), DSQL_OK);
    check_counts(batch, 7, 0);
    assert_int_equal(dsql_batch_flush(batch, NULL), DSQL_OK);
    assert_int_equal(items(), 7);
    assert_int_equal(postgres_number("SELECT count(*) FROM items WHERE name IS NULL"), 3);
    assert_int_equal(postgres_number("SELECT count(DISTINCT xmin::text) FROM items"), 3);
    dsql_batch_free(batch);
    assert_int_equal(world_conflicts(pool), 0);
    world_close(pool);
}

static void bytes_fill_a_batch_too(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_batch *batch = batch_of(pool, INSERT, 2, 0, 22);
    for (int i = 1; i <= 4; i++) {
        assert_int_equal(add(batch, i, "0123456789", NULL), DSQL_OK); /* 11 bytes */
    }
    check_counts(batch, 2, 2);
    dsql_error err = {0};
    assert_int_equal(add(batch, 5, "0123456789012345678901", &err), DSQL_ERR_USAGE);
    assert_non_null(strstr(err.message, "row 5 has 23 bytes"));
    check_counts(batch, 2, 2);
    assert_int_equal(add(batch, 5, "012345678901234567890", NULL), DSQL_OK); /* exactly */
    check_counts(batch, 4, 1);
    dsql_batch_free(batch); /* drops it */
    assert_int_equal(items(), 4);
    world_close(pool);
}

static void conflict_sends_the_same_rows_again(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_batch *batch = batch_of(pool, "INSERT INTO at_commit VALUES ($1, $2::bigint)", 2, 10, 0);
    const char *conflict[] = {"40001", "2"};
    assert_int_equal(dsql_batch_add(batch, conflict, NULL), DSQL_OK);
    assert_int_equal(dsql_batch_flush(batch, NULL), DSQL_OK);
    check_counts(batch, 1, 0);
    assert_int_equal(postgres_number("SELECT count(*) FROM at_commit"), 1);
    assert_int_equal(world_conflicts(pool), 2);
    dsql_batch_free(batch);
    world_close(pool);
}

static void conflict_that_remains_keeps_the_rows(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(2, -1);
    dsql_batch *batch = batch_of(pool, "INSERT INTO at_commit VALUES ($1, $2::bigint)", 2, 10, 0);
    const char *conflict[] = {"40001", "3"};
    assert_int_equal(dsql_batch_add(batch, conflict, NULL), DSQL_OK);
    dsql_error err = {0};
    assert_int_equal(dsql_batch_flush(batch, &err), DSQL_ERR_OCC);
    assert_string_equal(err.sqlstate, "40001");
    assert_non_null(strstr(err.message, "rows 1 to 1: gave up after 2 attempts"));
    check_counts(batch, 0, 1);
    assert_int_equal(dsql_batch_flush(batch, &err), DSQL_OK);
    check_counts(batch, 1, 0);
    dsql_batch_free(batch);
    world_close(pool);
}

static void rejected_row_is_named_and_nothing_of_its_batch_is_committed(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_batch *batch = batch_of(pool, INSERT, 2, 4, 0);
    for (int i = 1; i <= 8; i++) {
        assert_int_equal(add(batch, i == 7 ? 2 : i, "x", NULL), DSQL_OK);
    }
    check_counts(batch, 4, 4);
    dsql_error err = {0};
    assert_int_equal(add(batch, 9, "x", &err), DSQL_ERR_QUERY); /* is full, and cannot be sent */
    assert_string_equal(err.sqlstate, "23505");
    assert_int_equal(strncmp(err.message, "row 7: ", 7), 0);
    assert_string_equal(err.constraint_name, "items_pkey");
    check_counts(batch, 4, 4);
    assert_int_equal(items(), 4);
    postgres_run("DELETE FROM items WHERE id = 2");
    assert_int_equal(add(batch, 9, "x", NULL), DSQL_OK);
    check_counts(batch, 8, 1);
    dsql_batch_free(batch);
    assert_int_equal(world_conflicts(pool), 0);
    world_close(pool);
}

static void rejected_statement_is_not_blamed_on_a_row(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_batch *batch = batch_of(pool, "INSERT INTO nowhere VALUES ($1, $2)", 2, 4, 0);
    assert_int_equal(add(batch, 1, "x", NULL), DSQL_OK);
    dsql_error err = {0};
    assert_int_equal(dsql_batch_flush(batch, &err), DSQL_ERR_QUERY);
    assert_string_equal(err.sqlstate, "42P01");
    assert_non_null(strstr(err.message, "the statement of the batch"));
    check_counts(batch, 0, 1);
    dsql_batch_free(batch);
    batch = batch_of(pool, ADD_ONE "; " ADD_ONE, 0, 4, 0);
    assert_int_equal(dsql_batch_add(batch, NULL, NULL), DSQL_OK);
    assert_int_equal(dsql_batch_flush(batch, &err), DSQL_ERR_QUERY);
    assert_string_equal(err.sqlstate, "42601");
    dsql_batch_free(batch);
    assert_int_equal(world_counter(), 0);
    world_close(pool);
}

/* 300 rows are two full groups and the rest. */
static void rows_are_sent_in_groups(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_batch *batch = batch_of(pool, INSERT, 2, 300, 0);
    for (int i = 1; i <= 300; i++) {
        assert_int_equal(add(batch, i, i % 2 == 0 ? NULL : "odd", NULL), DSQL_OK);
    }
    assert_int_equal(dsql_batch_flush(batch, NULL), DSQL_OK);
    check_counts(batch, 300, 0);
    assert_int_equal(items(), 300);
    assert_int_equal(postgres_number("SELECT sum(id) FROM items WHERE name IS NULL"), 22650);
    assert_int_equal(postgres_number("SELECT count(DISTINCT cmin::text) FROM items"), 3);
    for (int i = 301; i <= 600; i++) {
        assert_int_equal(add(batch, i == 500 ? 400 : i, "x", NULL), DSQL_OK);
    }
    dsql_error err = {0};
    assert_int_equal(dsql_batch_flush(batch, &err), DSQL_ERR_QUERY);
    assert_int_equal(strncmp(err.message, "row 500: ", 9), 0);
    assert_int_equal(items(), 300);
    dsql_batch_free(batch);
    dsql_pool_stats stats;
    dsql_pool_get_stats(pool, &stats);
    assert_int_equal(stats.resets, 0); /* the statements were the library's own */
    world_close(pool);
}

static void an_update_of_the_same_row_is_not_grouped(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_batch *batch =
        batch_of(pool, INSERT " ON CONFLICT (id) DO UPDATE SET name = excluded.name", 2, 300, 0);
    for (int i = 1; i <= 200; i++) {
        assert_int_equal(add(batch, i % 10, i > 190 ? "last" : "first", NULL), DSQL_OK);
    }
    assert_int_equal(dsql_batch_flush(batch, NULL), DSQL_OK);
    dsql_batch_free(batch);
    assert_int_equal(postgres_number("SELECT count(*) FROM items WHERE name = 'last'"), 10);
    world_close(pool);
}

static void limit_of_the_service_comes_with_advice(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_batch *batch = batch_of(pool, "INSERT INTO at_commit VALUES ($1, $2::bigint)", 2, 10, 0);
    const char *too_big[] = {"54000", "9"};
    assert_int_equal(dsql_batch_add(batch, too_big, NULL), DSQL_OK);
    dsql_error err = {0};
    assert_int_equal(dsql_batch_flush(batch, &err), DSQL_ERR_QUERY);
    assert_string_equal(err.sqlstate, "54000");
    assert_non_null(strstr(err.message, "lower max_rows"));
    check_counts(batch, 0, 1);
    dsql_batch_free(batch);
    world_close(pool);
}

static void unknown_commit_keeps_the_rows(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_batch *batch = batch_of(pool, "INSERT INTO at_commit VALUES ($1, $2::bigint)", 2, 10, 0);
    const char *fatal[] = {"die", "1"};
    assert_int_equal(dsql_batch_add(batch, fatal, NULL), DSQL_OK);
    dsql_error err = {0};
    assert_int_equal(dsql_batch_flush(batch, &err), DSQL_ERR_COMMIT_UNKNOWN);
    check_counts(batch, 0, 1);
    assert_int_equal(dsql_batch_flush(batch, NULL), DSQL_OK);
    check_counts(batch, 1, 0);
    dsql_batch_free(batch);
    world_close(pool);
}

static void statement_without_parameters_runs_once_a_row(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_batch *batch = batch_of(pool, ADD_ONE, 0, 0, 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(dsql_batch_add(batch, NULL, NULL), DSQL_OK);
    }
    assert_int_equal(dsql_batch_flush(batch, NULL), DSQL_OK);
    assert_int_equal(world_counter(), 5);
    dsql_batch_free(batch);
    world_close(pool);
}

/* More than fits into the socket buffers in both directions: a client that only writes deadlocks.
 */
static void results_larger_than_the_socket_buffers_do_not_deadlock(void **state)
{
    (void)state;
    enum { ROWS = 400, SIZE = 20000 };
    dsql_pool *pool = world_pool(4, -1);
    dsql_batch *batch =
        batch_of(pool, INSERT " RETURNING repeat(name, 2), name", 2, ROWS, 10 * 1024 * 1024);
    char *name = malloc(SIZE + 1);
    assert_non_null(name);
    memset(name, 'x', SIZE);
    name[SIZE] = '\0';
    for (int i = 1; i <= ROWS; i++) {
        assert_int_equal(add(batch, i, name, NULL), DSQL_OK);
    }
    assert_int_equal(dsql_batch_flush(batch, NULL), DSQL_OK);
    assert_int_equal(postgres_number("SELECT sum(length(name)) FROM items"), ROWS * SIZE);
    free(name);
    dsql_batch_free(batch);
    world_close(pool);
}

/* ---- With a row function ---- */

struct source {
    int next, last;
    int fails_at;
    bool says_why;
    char number[12];
};

static int next_row(void *arg, const char **values, dsql_error *err)
{
    struct source *source = arg;
    if (source->next == source->fails_at) {
        if (source->says_why) {
            err->status = DSQL_ERR_USAGE;
            snprintf(err->message, sizeof err->message, "line 3 is no number");
        }
        return -1;
    }
    if (source->next > source->last) {
        return 0;
    }
    assert_null(values[1]);
    snprintf(source->number, sizeof source->number, "%d", source->next++);
    values[0] = source->number;
    values[1] = source->next % 2 == 0 ? "even" : NULL;
    return 1;
}

static void row_function_is_called_until_the_end(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_batch *batch = batch_of(pool, INSERT, 2, 0, 0);
    struct source source = {.next = 1, .last = 7500};
    assert_int_equal(dsql_batch_add_all(batch, next_row, &source, NULL), DSQL_OK);
    check_counts(batch, 7500, 0);
    assert_int_equal(items(), 7500);
    assert_int_equal(postgres_number("SELECT count(DISTINCT xmin::text) FROM items"), 3);
    dsql_batch_free(batch);
    world_close(pool);
}

static void row_function_that_fails_is_reported(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    dsql_batch *batch = batch_of(pool, INSERT, 2, 2, 0);
    struct source source = {.next = 1, .last = 9, .fails_at = 6, .says_why = true};
    dsql_error err = {0};
    assert_int_equal(dsql_batch_add_all(batch, next_row, &source, &err), DSQL_ERR_USAGE);
    assert_string_equal(err.message, "line 3 is no number");
    check_counts(batch, 4, 1);
    source = (struct source){.next = 1, .last = 9, .fails_at = 1};
    assert_int_equal(dsql_batch_add_all(batch, next_row, &source, &err), DSQL_ERR_CALLBACK);
    check_counts(batch, 4, 1);
    dsql_batch_free(batch);
    world_close(pool);
}

/* ---- Usage errors ---- */

static void wrong_arguments_are_usage_errors(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    const dsql_transaction_options no_size = {.struct_size = 0};
    const dsql_batch_options wrong[] = {
        {.struct_size = 0},
        {.struct_size = sizeof wrong[0], .max_rows = -1},
        {.struct_size = sizeof wrong[0], .max_bytes = 10 * 1024 * 1024 + 1},
        {.struct_size = sizeof wrong[0], .transaction = &no_size},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        dsql_error err = {0};
        assert_null(dsql_batch_new(pool, INSERT, 2, &wrong[i], &err));
        assert_int_equal(err.status, DSQL_ERR_USAGE);
    }
    assert_null(dsql_batch_new(NULL, INSERT, 2, NULL, NULL));
    assert_null(dsql_batch_new(pool, NULL, 2, NULL, NULL));
    assert_null(dsql_batch_new(pool, INSERT, -1, NULL, NULL));
    dsql_batch *batch = batch_of(pool, INSERT, 2, 0, 0);
    assert_int_equal(dsql_batch_add(batch, NULL, NULL), DSQL_ERR_USAGE);
    assert_int_equal(dsql_batch_add(NULL, NULL, NULL), DSQL_ERR_USAGE);
    assert_int_equal(dsql_batch_flush(NULL, NULL), DSQL_ERR_USAGE);
    assert_int_equal(dsql_batch_add_all(batch, NULL, NULL, NULL), DSQL_ERR_USAGE);
    check_counts(NULL, 0, 0);
    dsql_batch_free(batch);
    dsql_batch_free(NULL);
    world_close(pool);
}

#define ON_FRESH(test) cmocka_unit_test_setup(test, fresh_database)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_FRESH(each_full_batch_is_a_transaction),
        ON_FRESH(bytes_fill_a_batch_too),
        ON_FRESH(conflict_sends_the_same_rows_again),
        ON_FRESH(conflict_that_remains_keeps_the_rows),
        ON_FRESH(rejected_row_is_named_and_nothing_of_its_batch_is_committed),
        ON_FRESH(rejected_statement_is_not_blamed_on_a_row),
        ON_FRESH(rows_are_sent_in_groups),
        ON_FRESH(an_update_of_the_same_row_is_not_grouped),
        ON_FRESH(limit_of_the_service_comes_with_advice),
        ON_FRESH(unknown_commit_keeps_the_rows),
        ON_FRESH(statement_without_parameters_runs_once_a_row),
        ON_FRESH(results_larger_than_the_socket_buffers_do_not_deadlock),
        ON_FRESH(row_function_is_called_until_the_end),
        ON_FRESH(row_function_that_fails_is_reported),
        ON_FRESH(wrong_arguments_are_usage_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
