/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Many rows in transactions within the service's limits.  rows.c keeps the rows until a
 * transaction is full; send_rows.c is its body, and runs once for each attempt.
 *
 * Invariant: a row is either counted in committed or still in rows, whatever fails.
 */
#include "base/cancellation.h"
#include "base/error.h"
#include "base/memory.h"
#include "pool/pool.h"
#include "transaction/send_rows.h"
#include "transaction/transaction.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

/*
 * Limits of the service where they are named so (AWS docs, "Cluster quotas and database limits").
 */
enum {
    MAX_PARAMS = 65535,           /* of the protocol: a 16-bit count */
    DEFAULT_ROWS = 3000,          /* the service's limit */
    MOST_ROWS = 1000000,          /* a larger value is taken for a mistake */
    DEFAULT_BYTES = 4 << 20,      /* the service's limit also counts overhead and indexes */
    MOST_BYTES = 10 * 1024 * 1024 /* the service's limit */
};

/* Used by one thread at a time, like a PGconn.  The pool must outlive it. */
struct dsql_batch {
    dsql_pool *pool;
    char *sql;
    int param_count;
    size_t max_rows;
    size_t max_bytes;
    struct transaction_settings settings;
    struct rows rows;
    struct row_groups groups;
    bool is_grouped;
    const char **values; /* rows on their way out: one, or a group */
    uint64_t committed;
};

/* ---- Making ---- */

/*
 * struct_size is the ABI's guard: a caller that was compiled against an older header has a
 * shorter struct, and the fields it does not know keep their defaults.
 */
static dsql_status copy_options(const dsql_batch_options *options, dsql_batch_options *out,
                                dsql_error *err)
{
    *out = (dsql_batch_options){0};
    if (options == NULL) {
        return DSQL_OK;
    }
    size_t size = options->struct_size;
    if (size < offsetof(dsql_batch_options, max_rows) + sizeof options->max_rows) {
        return fail(err, DSQL_ERR_USAGE,
                    "dsql_batch_options.struct_size is not set: use DSQL_BATCH_OPTIONS() or "
                    "dsql_batch_options_init()");
    }
    memcpy(out, options, size < sizeof *out ? size : sizeof *out);
    if (out->max_rows < 0 || out->max_rows > MOST_ROWS) {
        return fail(err, DSQL_ERR_USAGE, "max_rows is %d; it must be from 1 to %d", out->max_rows,
                    MOST_ROWS);
    }
    if (out->max_bytes > MOST_BYTES) {
        return fail(err, DSQL_ERR_USAGE, "max_bytes is %zu; it must be from 1 to %d",
                    out->max_bytes, MOST_BYTES);
    }
    return DSQL_OK;
}

/* The protocol counts parameters in 16 bits (Bind), so more cannot be sent. */
static dsql_status check_arguments(const dsql_pool *pool, const char *sql, int param_count,
                                   dsql_error *err)
{
    if (pool == NULL || sql == NULL) {
        return fail(err, DSQL_ERR_USAGE, "dsql_batch_new(): pool and sql must not be NULL");
    }
    if (param_count < 0 || param_count > MAX_PARAMS) {
        return fail(err, DSQL_ERR_USAGE,
                    "dsql_batch_new(): param_count is %d; it must be from 0 to %d", param_count,
                    MAX_PARAMS);
    }
    return DSQL_OK;
}

/*
 * parts is copied; only then are the two allocated fields set, so that dsql_batch_free() can be
 * called on any failure.
 */
static dsql_batch *batch_new(const dsql_batch *parts, const char *sql, dsql_error *err)
{
    dsql_batch *batch = mem_new(sizeof *batch);
    if (batch == NULL) {
        fail_nomem(err);
        return NULL;
    }
    *batch = *parts;
    rows_init(&batch->rows, (size_t)batch->param_count, batch->max_rows, batch->max_bytes);
    batch->sql = mem_strdup(sql);
    size_t params = (size_t)batch->param_count;
    batch->is_grouped = batch->sql != NULL && row_groups_find(&batch->groups, batch->sql, params);
    size_t rows = batch->is_grouped ? batch->groups.most_rows : 1;
    batch->values = mem_new_array(params * rows + 1, sizeof *batch->values);
    if (batch->sql == NULL || batch->values == NULL) {
        dsql_batch_free(batch);
        fail_nomem(err);
        return NULL;
    }
    return batch;
}

dsql_batch *dsql_batch_new(dsql_pool *pool, const char *sql, int param_count,
                           const dsql_batch_options *options, dsql_error *err)
{
    dsql_batch_options given;
    struct transaction_settings settings;
    if (check_arguments(pool, sql, param_count, err) != DSQL_OK ||
        copy_options(options, &given, err) != DSQL_OK ||
        transaction_settings_resolve(given.transaction, &pool_parts(pool)->retry, &settings, err) !=
            DSQL_OK) {
        return NULL;
    }
    transaction_settings_default_place(&settings, "a dsql_batch");
    const dsql_batch parts = {
        .pool = pool,
        .param_count = param_count,
        .max_rows = given.max_rows == 0 ? DEFAULT_ROWS : (size_t)given.max_rows,
        .max_bytes = given.max_bytes == 0 ? DEFAULT_BYTES : given.max_bytes,
        .settings = settings,
    };
    return batch_new(&parts, sql, err);
}

void dsql_batch_free(dsql_batch *batch)
{
    if (batch == NULL) {
        return;
    }
    rows_clear(&batch->rows);
    mem_free(batch->values);
    mem_free(batch->sql);
    mem_free(batch);
}

/* ---- Sending ---- */

/*
 * 54000: the server counted more modified rows or bytes than were sent.  The limits of the batch
 * count what is sent; the service counts what is changed, with index entries and cascades.
 */
static const char *advice_for(const dsql_error *reason)
{
    return strcmp(reason->sqlstate, "54000") == 0
               ? "; lower max_rows or max_bytes: each row modifies more than one row (a cascade?)"
               : "";
}

/*
 * Names the row, counted from 1 over all transactions of the batch.  A number over the whole
 * batch, so that a caller can find the row in its own input.
 */
static dsql_status fail_rows(const dsql_batch *batch, long long failed_row,
                             const dsql_error *reason, dsql_error *err)
{
    unsigned long long first = batch->committed + 1;
    const char *advice = advice_for(reason);
    if (err == NULL) {
        return reason->status;
    }
    *err = *reason;
    if (failed_row >= 0) {
        fail_again(err, reason->status, "row %llu: %s%s", first + (unsigned long long)failed_row,
                   reason->message, advice);
    } else if (failed_row == SEND_ROWS_STATEMENT) {
        fail_again(err, reason->status, "the statement of the batch: %s", reason->message);
    } else {
        fail_again(err, reason->status, "rows %llu to %llu: %s%s", first,
                   first + batch->rows.count - 1, reason->message, advice);
    }
    return reason->status;
}

/*
 * If the server rejects a group, it does not say which row of it.  So they are sent once more, one
 * statement each: that names the row, or shows that it was the group alone that was rejected.
 */
static dsql_status send_pending(dsql_batch *batch, struct send_rows *task, dsql_error *reason)
{
    task->groups = batch->is_grouped ? &batch->groups : NULL;
    dsql_status status = transaction_run(batch->pool, &batch->settings, send_rows, task, reason);
    if (status != DSQL_ERR_QUERY || task->groups == NULL) {
        return status;
    }
    task->groups = NULL;
    *reason = (dsql_error){0};
    status = transaction_run(batch->pool, &batch->settings, send_rows, task, reason);
    batch->is_grouped = status != DSQL_OK;
    return status;
}

/*
 * On failure the rows stay: the caller may flush again, or free the batch and know from
 * dsql_batch_committed() where to go on.  A transaction that was retried sends the same rows
 * again.
 */
dsql_status dsql_batch_flush(dsql_batch *batch, dsql_error *err)
{
    HOLD_CANCELLATION();
    if (batch == NULL) {
        return fail(err, DSQL_ERR_USAGE, "dsql_batch_flush(): batch must not be NULL");
    }
    if (batch->rows.count == 0) {
        return DSQL_OK;
    }
    struct send_rows task = {
        .sql = batch->sql,
        .param_count = batch->param_count,
        .rows = &batch->rows,
        .values = batch->values,
        .failed_row = SEND_ROWS_NONE,
    };
    dsql_error reason = {0};
    if (send_pending(batch, &task, &reason) != DSQL_OK) {
        /* failed_row may be left from an earlier attempt; only DSQL_ERR_QUERY is about a row. */
        bool is_about_row = reason.status == DSQL_ERR_QUERY;
        return fail_rows(batch, is_about_row ? task.failed_row : SEND_ROWS_NONE, &reason, err);
    }
    batch->committed += batch->rows.count;
    rows_reset(&batch->rows);
    return DSQL_OK;
}

/* ---- Rows ---- */

/*
 * The subtraction cannot wrap: rows.bytes never exceeds max_bytes, since dsql_batch_add() rejects
 * a larger row first.
 */
static bool is_full_for(const dsql_batch *batch, size_t size)
{
    return batch->rows.count >= batch->max_rows || size > batch->max_bytes - batch->rows.bytes;
}

/*
 * The flush comes before the row is added, so a row is never lost between the two: if the flush
 * fails, this row was not taken, and the caller still has it.
 */
dsql_status dsql_batch_add(dsql_batch *batch, const char *const *values, dsql_error *err)
{
    HOLD_CANCELLATION();
    if (batch == NULL || (values == NULL && batch->param_count > 0)) {
        return fail(err, DSQL_ERR_USAGE, "dsql_batch_add(): batch and values must not be NULL");
    }
    size_t size = rows_size_of(&batch->rows, values);
    if (size > batch->max_bytes) {
        uint64_t number = batch->committed + batch->rows.count + 1;
        return fail(err, DSQL_ERR_USAGE,
                    "row %" PRIu64 " has %zu bytes, which is more than max_bytes (%zu)", number,
                    size, batch->max_bytes);
    }
    if (is_full_for(batch, size)) {
        dsql_status status = dsql_batch_flush(batch, err);
        if (status != DSQL_OK) {
            return status;
        }
    }
    return rows_add(&batch->rows, values) ? DSQL_OK : fail_nomem(err);
}

/* The row function may have failed without filling in its error. */
static dsql_status fail_row_function(const dsql_error *said, dsql_error *err)
{
    if (said->status == DSQL_OK) {
        return fail(err, DSQL_ERR_CALLBACK, "the row function returned -1");
    }
    if (err != NULL) {
        *err = *said;
    }
    return said->status;
}

/*
 * values are set to NULL before each row, so a value that the function does not set is SQL NULL
 * and not that of the row before.
 */
static dsql_status add_from(dsql_batch *batch, const char **values, dsql_row_fn next, void *arg,
                            dsql_error *err)
{
    for (;;) {
        for (int i = 0; i < batch->param_count; i++) {
            values[i] = NULL;
        }
        dsql_error said = {0};
        int more = next(arg, values, &said);
        if (more < 0) {
            return fail_row_function(&said, err);
        }
        if (more == 0) {
            return dsql_batch_flush(batch, err);
        }
        dsql_status status = dsql_batch_add(batch, values, err);
        if (status != DSQL_OK) {
            return status;
        }
    }
}

dsql_status dsql_batch_add_all(dsql_batch *batch, dsql_row_fn next, void *arg, dsql_error *err)
{
    HOLD_CANCELLATION();
    if (batch == NULL || next == NULL) {
        return fail(err, DSQL_ERR_USAGE, "dsql_batch_add_all(): batch and next must not be NULL");
    }
    /* Not batch->values: a flush in between overwrites those. */
    const char **values = mem_new_array((size_t)batch->param_count + 1, sizeof *values);
    if (values == NULL) {
        return fail_nomem(err);
    }
    dsql_status status = add_from(batch, values, next, arg, err);
    mem_free(values);
    return status;
}

/* ---- Progress ---- */

uint64_t dsql_batch_committed(const dsql_batch *batch)
{
    return batch == NULL ? 0 : batch->committed;
}

uint64_t dsql_batch_pending(const dsql_batch *batch)
{
    return batch == NULL ? 0 : batch->rows.count;
}
