/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns INSERT ... VALUES ($1, $2) into one statement for several rows, which the server executes
 * in a fraction of the time of as many statements.
 */
#ifndef DSQL_TRANSACTION_ROW_GROUPS_H
#define DSQL_TRANSACTION_ROW_GROUPS_H

#include <stdbool.h>
#include <stddef.h>

/** Where the parts of a statement are that can be sent for several rows. */
struct row_groups {
    const char *sql; /* the caller's */
    size_t group_start, group_end;
    size_t param_count;
    size_t most_rows; /* in one statement; at least 2 */
};

/**
 * Finds the parts.  False: the statement must be sent once for each row, because it is not plainly
 * an INSERT of one row whose values depend on nothing but parameters and constants.  Only ON
 * CONFLICT DO NOTHING may follow the values.
 */
bool row_groups_find(struct row_groups *groups, const char *sql, size_t param_count);

/** The statement for that many rows; the caller frees it.  NULL: out of memory. */
char *row_groups_statement(const struct row_groups *groups, size_t rows)
    __attribute__((warn_unused_result));

#endif
