/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * While the server writes results it may not read, so a client that only writes can deadlock with
 * it (PostgreSQL manual, libpq, "Pipeline Mode").  The connection is therefore nonblocking, and
 * results are read and dropped whenever there is no room to write.
 */
#include "transaction/send_rows.h"

#include "base/error.h"
#include "base/memory.h"
#include "connect/connection_events.h"
#include "transaction/body_events.h"
#include "transaction/result_outcome.h"

#include <poll.h>

/* libpq keeps unsent output in memory; flushing at this size bounds it. */
enum { FLUSH_BYTES = 64 * 1024 };

/*
 * answered counts statements whose results have all been read, so it is also the number of the
 * one that comes next.  Without groups the PREPARE is number 0, and row i is number i + 1.
 */
struct sending {
    PGconn *conn;
    struct body_events *events;
    struct statement_wait wait; /* for all rows together */
    struct send_rows *task;
    dsql_error *err;
    dsql_status status;
    size_t sent; /* statements given to libpq; the first one is the PREPARE */
    size_t answered;
    size_t unflushed;
    bool is_synced;
};

/* ---- Reading results ---- */

static void note_late(struct sending *sending)
{
    sending->events->is_late = true;
    sending->status = statement_wait_fail(&sending->wait, DSQL_ERR_TIMEOUT, sending->err);
}

/* Only the first failure is kept: the server skips the rest of the pipeline. */
static void note_failure(struct sending *sending, const PGresult *result)
{
    if (statement_wait_has_failed(&sending->wait, result)) {
        note_late(sending);
        return;
    }
    sending->status = dsql_check(sending->conn, result, sending->err);
    if (sending->task->groups == NULL) {
        sending->task->failed_row =
            sending->answered == 0 ? SEND_ROWS_STATEMENT : (long long)sending->answered - 1;
    }
}

/*
 * A NULL ends the results of a statement.  After a failure the others are PIPELINE_ABORTED.  The
 * NULL between two statements is part of libpq's pipeline protocol and not an error.
 */
static void take_result(struct sending *sending)
{
    PGresult *result = PQgetResult(sending->conn);
    if (result == NULL) {
        sending->answered++;
        return;
    }
    if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
        sending->is_synced = true;
    } else if (!result_is_success(result) && sending->status == DSQL_OK) {
        note_failure(sending, result);
    }
    PQclear(result);
}

/* False: the connection is lost.  Reads what is there and does not wait. */
static bool read_ready(struct sending *sending)
{
    if (PQconsumeInput(sending->conn) == 0) {
        return false;
    }
    while (sending->answered < sending->sent && PQisBusy(sending->conn) == 0) {
        take_result(sending);
    }
    return PQstatus(sending->conn) == CONNECTION_OK;
}

/*
 * libpq has read the answer to the Sync, but had no memory for its result.  It reports that only in
 * its message, which is empty as long as all goes well, and would wait for ever.
 */
static bool has_lost_sync(const struct sending *sending)
{
    return sending->status == DSQL_OK && sending->answered >= sending->sent &&
           PQerrorMessage(sending->conn)[0] != '\0';
}

/* Everything has been sent, so the server only writes. */
static bool read_to_sync(struct sending *sending)
{
    while (!sending->is_synced && PQstatus(sending->conn) == CONNECTION_OK) {
        while (PQisBusy(sending->conn) == 1) {
            if (has_lost_sync(sending) || !exchange_read(&sending->wait.exchange)) {
                return false;
            }
        }
        if (sending->answered > sending->sent) {
            return false; /* a result was lost before: nothing else comes */
        }
        take_result(sending);
    }
    return sending->is_synced;
}

/* ---- Sending ---- */

/* Until everything is sent: reads while there is no room to write. */
static bool flush(struct sending *sending)
{
    int left = PQflush(sending->conn);
    while (left > 0) {
        if (!exchange_wait(&sending->wait.exchange, POLLIN | POLLOUT) || !read_ready(sending)) {
            return false;
        }
        left = PQflush(sending->conn);
    }
    sending->unflushed = 0;
    return left == 0;
}

/* False: libpq did not accept the statement. */
static bool count_sent(struct sending *sending, bool is_sent)
{
    sending->sent += is_sent ? 1 : 0;
    return is_sent;
}

/* The parameter types are left to the server (0, NULL), as with PQexecParams(). */
static bool prepare(struct sending *sending, const char *sql)
{
    return count_sent(sending, PQsendPrepare(sending->conn, "", sql, 0, NULL) == 1);
}

/* As many rows as one execution of the prepared statement has. */
static bool send_some(struct sending *sending, struct rows_cursor *cursor, size_t rows)
{
    const struct send_rows *task = sending->task;
    size_t params = (size_t)task->param_count;
    for (size_t i = 0; i < rows; i++) {
        rows_next(cursor, task->values + i * params);
        sending->unflushed += rows_size_of(task->rows, task->values + i * params);
    }
    bool is_sent = count_sent(sending, PQsendQueryPrepared(sending->conn, "", (int)(params * rows),
                                                           task->values, NULL, NULL, 0) == 1);
    return is_sent && (sending->unflushed < FLUSH_BYTES || flush(sending));
}

static bool prepare_group(struct sending *sending, size_t rows)
{
    char *sql = row_groups_statement(sending->task->groups, rows);
    if (sql == NULL) {
        sending->status = fail_nomem(sending->err);
        return false;
    }
    bool is_sent = prepare(sending, sql);
    mem_free(sql);
    return is_sent;
}

/*
 * Full groups, then what is left as a smaller one.  Stops early when a failure has been read, as
 * the server would skip the remaining rows anyway.
 */
static bool send_groups(struct sending *sending, struct rows_cursor *cursor, size_t rows)
{
    size_t most = sending->task->groups->most_rows;
    size_t prepared = 0;
    while (rows > 0 && sending->status == DSQL_OK) {
        size_t some = rows < most ? rows : most;
        if (some != prepared) {
            if (!prepare_group(sending, some)) {
                return false;
            }
            prepared = some;
        }
        if (!send_some(sending, cursor, some)) {
            return false;
        }
        rows -= some;
    }
    return true;
}

static bool send_each(struct sending *sending, struct rows_cursor *cursor, size_t rows)
{
    if (!prepare(sending, sending->task->sql)) {
        return false;
    }
    for (size_t i = 0; i < rows && sending->status == DSQL_OK; i++) {
        if (!send_some(sending, cursor, 1)) {
            return false;
        }
    }
    return true;
}

/* One Sync at the end: an error anywhere ends the whole batch. */
static bool run_pipeline(struct sending *sending)
{
    const struct rows *rows = sending->task->rows;
    struct rows_cursor cursor = rows_first(rows);
    bool is_sent = sending->task->groups == NULL ? send_each(sending, &cursor, rows->count)
                                                 : send_groups(sending, &cursor, rows->count);
    return is_sent && PQpipelineSync(sending->conn) == 1 && flush(sending) && read_to_sync(sending);
}

/*
 * Runs inside a transaction of transaction.c, once for each attempt, and must leave nothing
 * behind in task but failed_row.
 */
dsql_status send_rows(PGconn *conn, void *arg, dsql_error *err)
{
    struct body_events *events = body_events_of(conn);
    struct sending sending = {.conn = conn,
                              .events = events,
                              .wait = statement_wait_start(conn, &events->limits),
                              .task = arg,
                              .err = err};
    sending.task->failed_row = SEND_ROWS_NONE;
    connection_events_expect_own_prepares(conn, true); /* or the pool would reset the session */
    bool is_done = exchange_begin(&sending.wait.exchange) && PQenterPipelineMode(conn) == 1 &&
                   run_pipeline(&sending);
    connection_events_expect_own_prepares(conn, false);
    if (sending.wait.exchange.is_cut) {
        note_late(&sending);
    } else if (!is_done && sending.status == DSQL_OK) {
        sending.status = dsql_check(conn, NULL, err);
    }
    /* Fails in the middle of a pipeline; the pool then closes the connection. */
    PQexitPipelineMode(conn);
    exchange_end(&sending.wait.exchange);
    return sending.status;
}
