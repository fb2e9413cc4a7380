/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "connect/exchange.h"

#include "base/text.h"
#include "connect/cancel.h"
#include "connect/wait.h"

#include <poll.h>
#include <sys/socket.h>

/* ---- Waiting ---- */

bool exchange_begin(struct exchange *exchange)
{
    exchange->was_nonblocking = PQisnonblocking(exchange->conn) == 1;
    return PQsetnonblocking(exchange->conn, 1) == 0;
}

bool exchange_end(const struct exchange *exchange)
{
    return PQstatus(exchange->conn) == CONNECTION_OK &&
           (exchange->was_nonblocking || PQsetnonblocking(exchange->conn, 0) == 0);
}

/* The socket is not closed here, because its number is libpq's. */
static void cut_off(struct exchange *exchange)
{
    exchange->is_cut = true;
    shutdown(PQsocket(exchange->conn), SHUT_RDWR);
    while (PQconsumeInput(exchange->conn) == 1) { /* until libpq has seen the end */
    }
}

/*
 * The deadline passes twice: the first time it is replaced by the end of the grace period.  The
 * answer may come at any time in between, also as a success.
 */
bool exchange_wait(struct exchange *exchange, short events)
{
    const struct clock *clock = exchange->clock;
    if (wait_for_socket(exchange->conn, events, clock, exchange->deadline_ms)) {
        return true;
    }
    bool is_first = !exchange->is_late;
    exchange->is_late = true;
    if (is_first && exchange->may_cancel) {
        exchange->deadline_ms = clock_monotonic_ms(clock) + EXCHANGE_GRACE_MS;
        cancel_request(exchange->conn, clock, exchange->deadline_ms);
        if (wait_for_socket(exchange->conn, events, clock, exchange->deadline_ms)) {
            return true;
        }
    }
    cut_off(exchange);
    return false;
}

/* The server may have to write before it reads on. */
bool exchange_flush(struct exchange *exchange)
{
    int left = PQflush(exchange->conn);
    while (left == 1) {
        if (!exchange_wait(exchange, POLLIN | POLLOUT) || PQconsumeInput(exchange->conn) == 0) {
            return false;
        }
        left = PQflush(exchange->conn);
    }
    return left == 0;
}

/* A connection that libpq cannot read any more, because it has no memory, would never be idle. */
bool exchange_read(struct exchange *exchange)
{
    if (!exchange_wait(exchange, POLLIN)) {
        return false;
    }
    bool is_read = PQconsumeInput(exchange->conn) == 1;
    if (!is_read && PQstatus(exchange->conn) == CONNECTION_OK) {
        cut_off(exchange);
    }
    return is_read;
}

/*
 * On a broken connection PQgetResult() returns what was received before the end, such as the
 * server's reason.
 */
bool exchange_await(struct exchange *exchange)
{
    while (PQisBusy(exchange->conn) == 1) {
        if (!exchange_read(exchange)) {
            return !exchange->is_cut;
        }
    }
    return true;
}

/* ---- Results ---- */

static bool is_copy(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

/*
 * Several results are possible ("SELECT 1; SELECT 2", or an error at the commit of a statement
 * that succeeded), and the last one counts, as for PQexec().  A COPY would be returned again and
 * again.
 */
PGresult *exchange_finish(struct exchange *exchange)
{
    PGresult *last = NULL;
    if (!exchange_flush(exchange) && exchange->is_cut) {
        return NULL;
    }
    while (exchange_await(exchange)) {
        PGresult *next = PQgetResult(exchange->conn);
        if (next == NULL) {
            return last;
        }
        PQclear(last);
        last = next;
        if (is_copy(last)) {
            return last;
        }
    }
    PQclear(last);
    return NULL;
}

/* What arrives is dropped row by row; 0: none has arrived yet. */
static bool end_copy_out(struct exchange *exchange)
{
    char *row = NULL;
    int got = PQgetCopyData(exchange->conn, &row, 1);
    while (got > 0 ||
           (got == 0 && exchange_wait(exchange, POLLIN) && PQconsumeInput(exchange->conn) == 1)) {
        PQfreemem(row);
        row = NULL;
        got = PQgetCopyData(exchange->conn, &row, 1);
    }
    return got == -1;
}

/* 0: libpq has no room for the message before it has sent something. */
static bool end_copy_in(struct exchange *exchange)
{
    int ended = PQputCopyEnd(exchange->conn, "the transaction has ended");
    while (ended == 0 && exchange_flush(exchange)) {
        ended = PQputCopyEnd(exchange->conn, "the transaction has ended");
    }
    return ended == 1 && exchange_flush(exchange);
}

static bool end_copy(struct exchange *exchange, ExecStatusType status)
{
    switch (status) {
    case PGRES_COPY_IN:
        return end_copy_in(exchange);
    case PGRES_COPY_OUT:
        return end_copy_out(exchange);
    case PGRES_COPY_BOTH: /* of replication: it does not end */
        cut_off(exchange);
        return false;
    default:
        return true;
    }
}

bool exchange_discard(struct exchange *exchange)
{
    if (!exchange_flush(exchange)) {
        return false;
    }
    while (exchange_await(exchange)) {
        PGresult *result = PQgetResult(exchange->conn);
        if (result == NULL) {
            return PQstatus(exchange->conn) == CONNECTION_OK;
        }
        ExecStatusType status = PQresultStatus(result);
        PQclear(result);
        if (!end_copy(exchange, status)) {
            return false;
        }
    }
    return false;
}

bool exchange_is_canceled(const struct exchange *exchange, const PGresult *result)
{
    return exchange->is_late &&
           text_equal_string(text_of(PQresultErrorField(result, PG_DIAG_SQLSTATE)), "57014");
}

/* ---- Whole queries ---- */

/* NULL: no answer, a COPY, or a broken connection. */
static PGresult *run(struct exchange *exchange, const char *sql)
{
    PGresult *result = NULL;
    if (exchange_begin(exchange) && PQsendQuery(exchange->conn, sql) == 1) {
        result = exchange_finish(exchange);
    }
    if (PQstatus(exchange->conn) != CONNECTION_OK || is_copy(result)) {
        PQclear(result);
        return NULL;
    }
    return result;
}

PGresult *exchange_query(PGconn *conn, const char *sql, const struct clock *clock,
                         int64_t deadline_ms)
{
    struct exchange exchange = {.conn = conn, .clock = clock, .deadline_ms = deadline_ms};
    PGresult *result = run(&exchange, sql);
    if (result != NULL && PQsetnonblocking(conn, 0) != 0) {
        PQclear(result);
        return NULL;
    }
    return result;
}

/* A connection that still expects an answer is cut off, also if memory ran out. */
PGresult *exchange_command(PGconn *conn, const char *sql, const struct clock *clock,
                           int64_t deadline_ms, bool *is_late)
{
    struct exchange exchange = {.conn = conn, .clock = clock, .deadline_ms = deadline_ms};
    PGresult *result = run(&exchange, sql);
    *is_late = exchange.is_late;
    if (result == NULL && !exchange.is_cut && PQtransactionStatus(conn) == PQTRANS_ACTIVE) {
        cut_off(&exchange);
    }
    exchange_end(&exchange);
    return result;
}
