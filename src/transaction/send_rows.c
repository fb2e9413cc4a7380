/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * While the server writes results it may not read, so a client that only writes can deadlock with
 * it (PostgreSQL manual, libpq, "Pipeline Mode").  The connection is therefore nonblocking, and
 * results are read and dropped whenever there is no room to write.
 */
#include "transaction/send_rows.h"

#include "base/error.h"
#include "transaction/result_outcome.h"

#include <errno.h>
#include <poll.h>

/* libpq keeps unsent output in memory; flushing at this size bounds it. */
enum { FLUSH_BYTES = 64 * 1024 };

/*
 * answered counts statements whose results have all been read, so it is also the number of the
 * one that comes next.  The PREPARE is number 0, and row i is number i + 1.
 */
struct sending {
    PGconn *conn;
    struct send_rows *task;
    dsql_error *err;
    dsql_status status;
    size_t sent; /* statements given to libpq; the first one is the PREPARE */
    size_t answered;
    size_t unflushed;
    bool is_synced;
};

/* ---- Reading results ---- */

/* Only the first failure is kept: the server skips the rest of the pipeline. */
static void note_failure(struct sending *sending, const PGresult *result)
{
    sending->status = dsql_check(sending->conn, result, sending->err);
    sending->task->failed_row =
        sending->answered == 0 ? SEND_ROWS_STATEMENT : (long long)sending->answered - 1;
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
 * Waits in PQgetResult(), which is safe now: everything has been sent, so the server only writes.
 */
static bool read_to_sync(struct sending *sending)
{
    while (!sending->is_synced && PQstatus(sending->conn) == CONNECTION_OK) {
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
        struct pollfd socket = {.fd = PQsocket(sending->conn), .events = POLLIN | POLLOUT};
        if (poll(&socket, 1, -1) < 0 && errno != EINTR) {
            return false;
        }
        if ((socket.revents & (POLLIN | POLLERR | POLLHUP)) != 0 && !read_ready(sending)) {
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

/* Stops early when a failure has been read, as the server would skip the remaining rows anyway. */
static bool send_each(struct sending *sending)
{
    const struct send_rows *task = sending->task;
    struct rows_cursor cursor = rows_first(task->rows);
    for (size_t i = 0; i < task->rows->count && sending->status == DSQL_OK; i++) {
        rows_next(&cursor, task->values);
        if (!count_sent(sending, PQsendQueryPrepared(sending->conn, "", task->param_count,
                                                     task->values, NULL, NULL, 0) == 1)) {
            return false;
        }
        sending->unflushed += rows_size_of(task->rows, task->values);
        if (sending->unflushed >= FLUSH_BYTES && !flush(sending)) {
            return false;
        }
    }
    return true;
}

/*
 * The parameter types are left to the server (0, NULL), as with PQexecParams().  One Sync at the
 * end: an error anywhere ends the whole batch.
 */
static bool run_pipeline(struct sending *sending)
{
    const struct send_rows *task = sending->task;
    return count_sent(sending, PQsendPrepare(sending->conn, "", task->sql, 0, NULL) == 1) &&
           send_each(sending) && PQpipelineSync(sending->conn) == 1 && flush(sending) &&
           read_to_sync(sending);
}

/*
 * Runs inside a transaction of transaction.c, once for each attempt, and must leave nothing
 * behind in task but failed_row.
 */
dsql_status send_rows(PGconn *conn, void *arg, dsql_error *err)
{
    struct sending sending = {.conn = conn, .task = arg, .err = err};
    sending.task->failed_row = SEND_ROWS_NONE;
    bool is_done =
        PQsetnonblocking(conn, 1) == 0 && PQenterPipelineMode(conn) == 1 && run_pipeline(&sending);
    if (!is_done && sending.status == DSQL_OK) {
        sending.status = dsql_check(conn, NULL, err);
    }
    /* Fails in the middle of a pipeline; the pool then closes the connection. */
    PQexitPipelineMode(conn);
    PQsetnonblocking(conn, 0);
    return sending.status;
}
