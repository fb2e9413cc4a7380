/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * See send_rows.h.  While the server is busy answering it may not read, so a client that only
 * writes can wait for it for ever (libpq manual, "Pipeline Mode"): the socket is non-blocking,
 * and answers are read, and dropped, whenever there is no room for more.
 */
#include "transaction/send_rows.h"

#include "base/error.h"
#include "transaction/result_outcome.h"

#include <errno.h>
#include <poll.h>

/* libpq keeps what was not flushed in memory, so it is not allowed to pile up. */
enum { FLUSH_BYTES = 64 * 1024 };

struct sending {
    PGconn *conn;
    struct send_rows *task;
    dsql_error *err;
    dsql_status status;
    size_t asked; /* statements given to libpq: the first is the preparation */
    size_t answered;
    size_t unflushed;
    bool is_synced;
};

/* ---- Answers ---- */

static void note_failure(struct sending *sending, const PGresult *result)
{
    sending->status = dsql_check(sending->conn, result, sending->err);
    sending->task->failed_row =
        sending->answered == 0 ? SEND_ROWS_STATEMENT : (long long)sending->answered - 1;
}

/* The results of each statement end with a NULL; what follows a failure is only "aborted". */
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

/* False: the connection is lost. */
static bool read_ready(struct sending *sending)
{
    if (PQconsumeInput(sending->conn) == 0) {
        return false;
    }
    while (sending->answered < sending->asked && PQisBusy(sending->conn) == 0) {
        take_result(sending);
    }
    return PQstatus(sending->conn) == CONNECTION_OK;
}

static bool read_to_sync(struct sending *sending)
{
    while (!sending->is_synced && PQstatus(sending->conn) == CONNECTION_OK) {
        take_result(sending);
    }
    return sending->is_synced;
}

/* ---- Questions ---- */

/* Until all is out: reads while it may not write. */
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

/* False: libpq refused it. */
static bool ask(struct sending *sending, bool is_given)
{
    sending->asked += is_given ? 1 : 0;
    return is_given;
}

static bool ask_rows(struct sending *sending)
{
    const struct send_rows *task = sending->task;
    struct rows_cursor cursor = rows_first(task->rows);
    for (size_t i = 0; i < task->rows->count && sending->status == DSQL_OK; i++) {
        rows_next(&cursor, task->values);
        if (!ask(sending, PQsendQueryPrepared(sending->conn, "", task->param_count, task->values,
                                              NULL, NULL, 0) == 1)) {
            return false;
        }
        sending->unflushed += rows_size_of(task->rows, task->values);
        if (sending->unflushed >= FLUSH_BYTES && !flush(sending)) {
            return false;
        }
    }
    return true;
}

static bool run_pipeline(struct sending *sending)
{
    const struct send_rows *task = sending->task;
    return ask(sending, PQsendPrepare(sending->conn, "", task->sql, 0, NULL) == 1) &&
           ask_rows(sending) && PQpipelineSync(sending->conn) == 1 && flush(sending) &&
           read_to_sync(sending);
}

dsql_status send_rows(PGconn *conn, void *arg, dsql_error *err)
{
    struct sending sending = {.conn = conn, .task = arg, .err = err};
    sending.task->failed_row = SEND_ROWS_NONE;
    bool is_done =
        PQsetnonblocking(conn, 1) == 0 && PQenterPipelineMode(conn) == 1 && run_pipeline(&sending);
    if (!is_done && sending.status == DSQL_OK) {
        sending.status = dsql_check(conn, NULL, err);
    }
    /* One that is in the middle of it refuses, and the pool will not lend it again. */
    PQexitPipelineMode(conn);
    PQsetnonblocking(conn, 0);
    return sending.status;
}
