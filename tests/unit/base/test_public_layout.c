/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The layout of each public struct, as programs were compiled with it.  A field that is appended
 * gets a row; a row that exists changes with the minor version only.  `make check-abi` compares
 * the functions as well.
 */
#include "base/buf.h"
#include "unit.h"

#include <dsql.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
    const char *type;
    const char *field; /* NULL: the struct as a whole */
    size_t offset, size;
    size_t offset_now, size_now;
};

/* It would take the braces for a block. */
/* clang-format off */
#define SIZE(whole, bytes) {.type = #whole, .size = (bytes), .size_now = sizeof(whole)}
#define FIELD(whole, name, from, bytes)                                                            \
    {.type = #whole, .field = #name, .offset = (from), .size = (bytes),                            \
     .offset_now = offsetof(whole, name), .size_now = sizeof(((whole *)0)->name)}
/* clang-format on */

/* NOLINTBEGIN(bugprone-sizeof-expression): the size of a pointer is meant */
/* Where int has 4 bytes, and long and a pointer have 8. */
static const struct row rows[] = {
    SIZE(dsql_error, 1536),
    FIELD(dsql_error, os_errno, 0, 4),
    FIELD(dsql_error, status, 4, 4),
    FIELD(dsql_error, sqlstate, 8, 6),
    FIELD(dsql_error, is_transient, 14, 1),
    FIELD(dsql_error, statement_position, 16, 4),
    FIELD(dsql_error, message, 20, 480),
    FIELD(dsql_error, detail, 500, 256),
    FIELD(dsql_error, hint, 756, 256),
    FIELD(dsql_error, schema_name, 1012, 64),
    FIELD(dsql_error, table_name, 1076, 64),
    FIELD(dsql_error, column_name, 1140, 64),
    FIELD(dsql_error, datatype_name, 1204, 64),
    FIELD(dsql_error, constraint_name, 1268, 64),
    FIELD(dsql_error, reserved, 1332, 204),

    SIZE(dsql_endpoint, 384),
    FIELD(dsql_endpoint, host, 0, 254),
    FIELD(dsql_endpoint, region, 254, 64),
    FIELD(dsql_endpoint, reserved, 318, 66),

    SIZE(dsql_options, 248),
    FIELD(dsql_options, struct_size, 0, 8),
    FIELD(dsql_options, conninfo, 8, 8),
    FIELD(dsql_options, host, 16, 8),
    FIELD(dsql_options, region, 24, 8),
    FIELD(dsql_options, user, 32, 8),
    FIELD(dsql_options, dbname, 40, 8),
    FIELD(dsql_options, port, 48, 8),
    FIELD(dsql_options, profile, 56, 8),
    FIELD(dsql_options, application_name, 64, 8),
    FIELD(dsql_options, ca_file, 72, 8),
    FIELD(dsql_options, credentials, 80, 8),
    FIELD(dsql_options, token_seconds, 88, 4),
    FIELD(dsql_options, connect_timeout_ms, 92, 4),
    FIELD(dsql_options, pq_keywords, 96, 8),
    FIELD(dsql_options, pq_values, 104, 8),
    FIELD(dsql_options, pool_max, 112, 4),
    FIELD(dsql_options, pool_min_idle, 116, 4),
    FIELD(dsql_options, max_lifetime_s, 120, 4),
    FIELD(dsql_options, max_idle_s, 124, 4),
    FIELD(dsql_options, acquire_timeout_ms, 128, 4),
    FIELD(dsql_options, validate_idle_s, 132, 4),
    FIELD(dsql_options, reset_on_release, 136, 4),
    FIELD(dsql_options, on_connect, 144, 8),
    FIELD(dsql_options, on_connect_arg, 152, 8),
    FIELD(dsql_options, on_acquire, 160, 8),
    FIELD(dsql_options, on_acquire_arg, 168, 8),
    FIELD(dsql_options, on_release, 176, 8),
    FIELD(dsql_options, on_release_arg, 184, 8),
    FIELD(dsql_options, on_close, 192, 8),
    FIELD(dsql_options, on_close_arg, 200, 8),
    FIELD(dsql_options, max_attempts, 208, 4),
    FIELD(dsql_options, retry_base_ms, 212, 4),
    FIELD(dsql_options, retry_max_ms, 216, 4),
    FIELD(dsql_options, transaction_timeout_ms, 220, 4),
    FIELD(dsql_options, log, 224, 8),
    FIELD(dsql_options, log_arg, 232, 8),
    FIELD(dsql_options, statement_timeout_ms, 240, 4),
    FIELD(dsql_options, leak_warn_s, 244, 4),

    SIZE(dsql_pool_wait, 16),
    FIELD(dsql_pool_wait, up_to_ms, 0, 4),
    FIELD(dsql_pool_wait, count, 8, 8),

    SIZE(dsql_pool_stats, 352),
    FIELD(dsql_pool_stats, open, 0, 4),
    FIELD(dsql_pool_stats, idle, 4, 4),
    FIELD(dsql_pool_stats, in_use, 8, 4),
    FIELD(dsql_pool_stats, waiting, 12, 4),
    FIELD(dsql_pool_stats, acquired, 16, 8),
    FIELD(dsql_pool_stats, timeouts, 24, 8),
    FIELD(dsql_pool_stats, opened, 32, 8),
    FIELD(dsql_pool_stats, closed, 40, 8),
    FIELD(dsql_pool_stats, occ_retries, 48, 8),
    FIELD(dsql_pool_stats, connects_failed, 56, 8),
    FIELD(dsql_pool_stats, tokens, 64, 8),
    FIELD(dsql_pool_stats, validations_failed, 72, 8),
    FIELD(dsql_pool_stats, resets, 80, 8),
    FIELD(dsql_pool_stats, leaks, 88, 8),
    FIELD(dsql_pool_stats, retries_oc000, 96, 8),
    FIELD(dsql_pool_stats, retries_oc001, 104, 8),
    FIELD(dsql_pool_stats, retries_other, 112, 8),
    FIELD(dsql_pool_stats, retries_lost, 120, 8),
    FIELD(dsql_pool_stats, retries_given_up, 128, 8),
    FIELD(dsql_pool_stats, wait_total_ms, 136, 8),
    FIELD(dsql_pool_stats, waits, 144, 144),
    FIELD(dsql_pool_stats, reserved, 288, 64),

    SIZE(dsql_retry, 24),
    FIELD(dsql_retry, attempt, 0, 4),
    FIELD(dsql_retry, kind, 4, 4),
    FIELD(dsql_retry, wait_ms, 8, 4),
    FIELD(dsql_retry, reason, 16, 8),

    SIZE(dsql_transaction_options, 64),
    FIELD(dsql_transaction_options, struct_size, 0, 8),
    FIELD(dsql_transaction_options, max_attempts, 8, 4),
    FIELD(dsql_transaction_options, retry_base_ms, 12, 4),
    FIELD(dsql_transaction_options, retry_max_ms, 16, 4),
    FIELD(dsql_transaction_options, timeout_ms, 20, 4),
    FIELD(dsql_transaction_options, read_only, 24, 4),
    FIELD(dsql_transaction_options, on_retry, 32, 8),
    FIELD(dsql_transaction_options, on_retry_arg, 40, 8),
    FIELD(dsql_transaction_options, statement_timeout_ms, 48, 4),
    FIELD(dsql_transaction_options, place, 56, 8),

    SIZE(dsql_batch_options, 32),
    FIELD(dsql_batch_options, struct_size, 0, 8),
    FIELD(dsql_batch_options, max_rows, 8, 4),
    FIELD(dsql_batch_options, max_bytes, 16, 8),
    FIELD(dsql_batch_options, transaction, 24, 8),
};
/* NOLINTEND(bugprone-sizeof-expression) */

enum { ROWS = sizeof rows / sizeof *rows };

static bool has_usual_sizes(void)
{
    return sizeof(int) == 4 && sizeof(long) == 8 && sizeof(void *) == 8;
}

static void structs_have_the_layout_that_programs_were_compiled_with(void **state)
{
    (void)state;
    if (!has_usual_sizes()) {
        skip();
    }
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &rows[i];
        if (row->offset != row->offset_now || row->size != row->size_now) {
            fail_msg("%s.%s is at %zu with %zu bytes, and was at %zu with %zu", row->type,
                     row->field == NULL ? "" : row->field, row->offset_now, row->size_now,
                     row->offset, row->size);
        }
    }
}

/* Bytes that no row covers are padding; a whole field of them would be one without a row. */
static void each_field_has_a_row(void **state)
{
    (void)state;
    size_t end = 0;
    size_t size = 0;
    if (!has_usual_sizes()) {
        skip();
    }
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &rows[i];
        if (row->field == NULL) {
            assert_true(size - end < sizeof(void *));
            size = row->size;
            end = 0;
        } else {
            assert_in_range(row->offset, end, end + sizeof(void *) - 1);
            end = row->offset + row->size;
        }
    }
    assert_true(size - end < sizeof(void *));
}

static struct text read_header(struct buf *out)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/../../include/dsql.h", getenv("DSQL_TEST_DATA"));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char chunk[4096];
    for (size_t got = fread(chunk, 1, sizeof chunk, file); got > 0;
         got = fread(chunk, 1, sizeof chunk, file)) {
        buf_add(out, chunk, got);
    }
    fclose(file);
    assert_true(buf_ok(out));
    return buf_text(out);
}

static bool has_rows(const char *type)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (strcmp(rows[i].type, type) == 0) {
            return true;
        }
    }
    return false;
}

/* A struct that is not opaque begins with "typedef struct {" and ends with "} name;". */
static void each_struct_has_rows(void **state)
{
    (void)state;
    struct buf header AUTO_BUF;
    buf_init(&header, 1 << 20);
    struct text rest = read_header(&header);
    struct text line;
    bool is_struct = false;
    int count = 0;
    while (text_next_line(&rest, &line)) {
        char type[64];
        is_struct = is_struct || text_equal_string(line, "typedef struct {");
        if (is_struct && text_starts_with(line, "} ")) {
            assert_true(text_copy(text_slice(line, 2, line.len - 3), type, sizeof type));
            if (!has_rows(type)) {
                fail_msg("%s has no rows", type);
            }
            is_struct = false;
            count++;
        }
    }
    assert_int_equal(count, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structs_have_the_layout_that_programs_were_compiled_with),
        cmocka_unit_test(each_field_has_a_row),
        cmocka_unit_test(each_struct_has_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
