/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Values as bytes in one block: a mark (text or NULL), the text, and a NUL byte that ends it.
 * One block instead of a string for each value, because a batch of 3000 rows would make tens of
 * thousands of allocations.  The NUL lets libpq read values in place.
 */

#include "transaction/rows.h"

#include <string.h>

enum { EXTRA_BYTES = 2 }; /* mark and NUL */

#define MARK_TEXT "t"
#define MARK_NULL "n"

/*
 * The maximum has room for every mark and NUL, so that max_bytes is about the caller's bytes
 * alone.
 */
void rows_init(struct rows *rows, size_t value_count, size_t max_rows, size_t max_bytes)
{
    *rows = (struct rows){.value_count = value_count};
    buf_init(&rows->block, max_bytes + max_rows * value_count * EXTRA_BYTES);
}

void rows_clear(struct rows *rows)
{
    buf_clear(&rows->block);
    rows->count = 0;
    rows->bytes = 0;
}

void rows_reset(struct rows *rows)
{
    buf_reset(&rows->block);
    rows->count = 0;
    rows->bytes = 0;
}

/* Without NULs and the protocol's own bytes: what counts for max_bytes is the data. */
size_t rows_size_of(const struct rows *rows, const char *const *values)
{
    size_t size = 0;
    for (size_t i = 0; i < rows->value_count; i++) {
        size += values[i] == NULL ? 0 : strlen(values[i]);
    }
    return size;
}

static void add_value(struct buf *block, const char *value)
{
    buf_add_string(block, value == NULL ? MARK_NULL : MARK_TEXT);
    buf_add_string(block, value == NULL ? "" : value);
    buf_add_char(block, '\0');
}

/* A row is added whole or not at all: a half row would shift all that follow. */
bool rows_add(struct rows *rows, const char *const *values)
{
    size_t before = rows->block.len;
    for (size_t i = 0; i < rows->value_count; i++) {
        add_value(&rows->block, values[i]);
    }
    if (!buf_ok(&rows->block)) {
        buf_truncate(&rows->block, before);
        return false;
    }
    rows->bytes += rows_size_of(rows, values);
    rows->count++;
    return true;
}

struct rows_cursor rows_first(const struct rows *rows)
{
    return (struct rows_cursor){
        .rest = buf_text(&rows->block),
        .value_count = rows->value_count,
    };
}

/*
 * The caller asks for no more than count rows.  The first byte is the mark; the text after it
 * ends with the NUL in the block.
 */
void rows_next(struct rows_cursor *cursor, const char **values)
{
    for (size_t i = 0; i < cursor->value_count; i++) {
        struct text value;
        text_cut(cursor->rest, '\0', &value, &cursor->rest);
        bool is_null = text_starts_with(value, "n");
        values[i] = is_null ? NULL : text_slice(value, 1, value.len).data;
    }
}
