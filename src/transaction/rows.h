/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of a batch: copies of all values in one bounded block, and a cursor that returns them
 * as the arrays that libpq takes.
 */
#ifndef DSQL_TRANSACTION_ROWS_H
#define DSQL_TRANSACTION_ROWS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct rows {
    struct buf block;
    size_t value_count; /* in each row */
    size_t count;
    size_t bytes; /* of all values, as they are sent to the server */
};

void rows_init(struct rows *rows, size_t value_count, size_t max_rows, size_t max_bytes);
void rows_clear(struct rows *rows);

/** Removes the rows and keeps the memory. */
void rows_reset(struct rows *rows);

/** How much a row would add to bytes. */
size_t rows_size_of(const struct rows *rows, const char *const *values);

/** Adds a copy of a row (NULL is SQL NULL).  False: out of memory, and nothing is added. */
bool rows_add(struct rows *rows, const char *const *values);

struct rows_cursor {
    struct text rest;
    size_t value_count;
};
struct rows_cursor rows_first(const struct rows *rows);

/** Fills in value_count pointers into the block, valid until rows are added or reset. */
void rows_next(struct rows_cursor *cursor, const char **values);

#endif
