/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "torture.h"

#include "unit.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { MAX_ALLOCATIONS = 100000 };

/* Allocations that still succeed; below 0: all do. */
static atomic_long left = -1;
static atomic_long refused;
static atomic_bool is_for_all;
static int wrong; /* runs with a status that is not allowed */

static bool is_refused(void)
{
    if (atomic_load(&left) < 0) {
        return false;
    }
    if (atomic_load(&left) > 0) {
        atomic_fetch_sub(&left, 1);
        return false;
    }
    if (!atomic_load(&is_for_all)) {
        atomic_store(&left, -1);
    }
    atomic_fetch_add(&refused, 1);
    return true;
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
    return is_refused() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return is_refused() ? NULL : __real_realloc(old, size);
}

/* False: no allocation failed, so this was the last run. */
static bool refuse_one(const char *name, torture_fn run, dsql_status other, long after,
                       enum torture how)
{
    dsql_error err = {0};
    atomic_store(&refused, 0);
    atomic_store(&is_for_all, how == TORTURE_ALL_FROM_THERE);
    atomic_store(&left, after);
    dsql_status status = run(&err);
    atomic_store(&left, -1);
    if (atomic_load(&refused) == 0) {
        if (status != DSQL_OK) {
            fail_msg("%s: does not succeed: %s", name, err.message);
        }
        return false;
    }
    if (status != DSQL_ERR_NOMEM && status != DSQL_OK && status != other) {
        print_error("%s, allocation %ld%s: %s: %s\n", name, after + 1,
                    how == TORTURE_ALL_FROM_THERE ? " and all after it" : "",
                    dsql_status_name(status), err.message);
        wrong++;
    }
    return true;
}

void torture(const char *name, torture_fn run, dsql_status other)
{
    dsql_error err = {0};
    if (run(&err) != DSQL_OK) { /* this also allocates what is kept until exit */
        fail_msg("%s: %s", name, err.message);
    }
    wrong = 0;
    static const enum torture ways[] = {TORTURE_ONE, TORTURE_ALL_FROM_THERE};
    for (int i = 0; i < 2; i++) {
        long after = 0;
        while (refuse_one(name, run, other, after, ways[i])) {
            after++;
            assert_true(after < MAX_ALLOCATIONS);
        }
        assert_true(after > 0); /* otherwise the allocator has not been replaced */
        print_message("%s: %ld allocations\n", name, after);
    }
    assert_int_equal(wrong, 0);
}
