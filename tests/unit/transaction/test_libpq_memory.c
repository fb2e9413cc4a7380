/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Each allocation of libpq made to fail in turn: nothing waits for an answer that libpq has lost,
 * and what is reported is true.  The limits are off, so a wait would not end.
 *
 * This program's malloc() takes the place of the one that libpq would call.
 */
#include "postgres.h"
#include "unit.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) &&       \
    !HAS_FEATURE(address_sanitizer) && !HAS_FEATURE(thread_sanitizer)
#define CAN_REPLACE_MALLOC 1
#else
#define CAN_REPLACE_MALLOC 0
#endif

#if CAN_REPLACE_MALLOC

enum { ROWS = 3, MOST_ALLOCATIONS = 2000 };

/* Of this thread only: allocations that still succeed.  Below 0: all do. */
static _Thread_local long left = -1;
static _Thread_local bool has_refused;

/* NOLINTBEGIN(bugprone-reserved-identifier): glibc's names */
void *__libc_malloc(size_t size);
void *__libc_realloc(void *old, size_t size);
/* NOLINTEND(bugprone-reserved-identifier) */

static bool is_refused(void)
{
    has_refused = has_refused || left == 0;
    return left >= 0 && left-- == 0;
}

/* Visible to libpq, unlike what the tests are built with. */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): libc's are reserved */
__attribute__((visibility("default"))) void *malloc(size_t size)
{
    return is_refused() ? NULL : __libc_malloc(size);
}

__attribute__((visibility("default"))) void *realloc(void *old, size_t size)
{
    return is_refused() ? NULL : __libc_realloc(old, size);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

static int fresh_database(void **state)
{
    (void)state;
    world_reset();
    return 0;
}

/* ---- A batch ---- */

static long items(void)
{
    return postgres_number("SELECT count(*) FROM items");
}

static dsql_batch *batch_of(dsql_pool *pool)
{
    static const char *const rows[ROWS][1] = {{"1"}, {"2"}, {"3"}};
    dsql_batch *batch = dsql_batch_new(pool, "INSERT INTO items VALUES ($1::int)", 1, NULL, NULL);
    for (size_t i = 0; i < ROWS; i++) {
        assert_int_equal(dsql_batch_add(batch, rows[i], NULL), DSQL_OK);
    }
    return batch;
}

/* False: no allocation was refused, so this was the last run. */
static bool flush_without(dsql_pool *pool, long allocation)
{
    dsql_batch *batch = batch_of(pool);
    dsql_error err = {0};
    has_refused = false;
    left = allocation;
    dsql_status status = dsql_batch_flush(batch, &err);
    left = -1;
    dsql_batch_free(batch);
    long count = items();
    bool is_true = status == DSQL_OK
                       ? count == ROWS
                       : count == 0 || (status == DSQL_ERR_COMMIT_UNKNOWN && count == ROWS);
    if (!is_true) {
        fail_msg("allocation %ld: %s, and %ld rows: %s", allocation, dsql_status_name(status),
                 count, err.message);
    }
    postgres_run("TRUNCATE items");
    return has_refused;
}

static void batch_does_not_wait_for_a_lost_result(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    long allocation = 0;
    while (flush_without(pool, allocation)) {
        allocation++;
        assert_true(allocation < MOST_ALLOCATIONS);
    }
    assert_true(allocation > ROWS);
    world_close(pool);
}

/* ---- A statement ---- */

static bool exec_without(dsql_pool *pool, long allocation)
{
    dsql_error err = {0};
    long before = world_counter();
    has_refused = false;
    left = allocation;
    PGresult *result = dsql_exec(pool, ADD_ONE, 0, NULL, &err);
    left = -1;
    bool is_known = err.status != DSQL_ERR_COMMIT_UNKNOWN;
    if (is_known && world_counter() != before + (result != NULL ? 1 : 0)) {
        fail_msg("allocation %ld: %s", allocation, err.message);
    }
    PQclear(result);
    return has_refused;
}

static void statement_does_not_wait_for_a_lost_result(void **state)
{
    (void)state;
    dsql_pool *pool = world_pool(4, -1);
    long allocation = 0;
    while (exec_without(pool, allocation)) {
        allocation++;
        assert_true(allocation < MOST_ALLOCATIONS);
    }
    assert_true(allocation > 1);
    world_close(pool);
}

#define ON_FRESH(test) cmocka_unit_test_setup(test, fresh_database)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_FRESH(batch_does_not_wait_for_a_lost_result),
        ON_FRESH(statement_does_not_wait_for_a_lost_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    return 0;
}

#endif
