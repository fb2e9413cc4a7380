/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Two kinds of checks: peeking at the socket, which costs one system call and sees only what has
 * arrived, and a question to the server, which costs a round trip.  All of them leave the
 * connection blocking and outside a transaction, or report that it must be closed.
 */
#include "pool/health.h"

#include "base/platform.h"
#include "connect/exchange.h"

#include <errno.h>

/*
 * The answer must have the expected status and leave no transaction open, which the next caller
 * would find.
 */
static bool ask(PGconn *conn, const char *sql, ExecStatusType expected, struct time_limit limit)
{
    PGresult *result = exchange_query(conn, sql, limit.clock, limit.deadline_ms);
    bool is_done = PQresultStatus(result) == expected;
    PQclear(result);
    return is_done && PQtransactionStatus(conn) == PQTRANS_IDLE;
}

/* The caller may have set nonblocking mode; unsent output is not worth waiting for. */
static bool make_blocking(PGconn *conn)
{
    return PQisnonblocking(conn) == 0 || (PQflush(conn) == 0 && PQsetnonblocking(conn, 0) == 0);
}

/* PQTRANS_IDLE includes CONNECTION_OK. */
bool health_is_at_rest(const PGconn *conn)
{
    return PQtransactionStatus(conn) == PQTRANS_IDLE && PQpipelineStatus(conn) == PQ_PIPELINE_OFF &&
           PQisnonblocking(conn) == 0;
}

/*
 * ROLLBACK fits a transaction that works and one that has failed.  Everything else that a caller
 * may have left behind cannot be ended in bounded time, so the connection is closed instead.
 */
bool health_end_transaction(PGconn *conn, struct time_limit limit)
{
    if (PQstatus(conn) != CONNECTION_OK || PQpipelineStatus(conn) != PQ_PIPELINE_OFF) {
        return false;
    }
    switch (PQtransactionStatus(conn)) {
    case PQTRANS_IDLE:
        return make_blocking(conn);
    case PQTRANS_INTRANS:
    case PQTRANS_INERROR:
        return make_blocking(conn) && ask(conn, "ROLLBACK", PGRES_COMMAND_OK, limit);
    case PQTRANS_ACTIVE: /* a COPY or unread results: may never end */
    case PQTRANS_UNKNOWN:
    default:
        return false;
    }
}

/*
 * Not DISCARD ALL, which the service rejects.  What else DISCARD ALL would undo (LISTEN, temporary
 * tables, cursors WITH HOLD, advisory locks, SET ROLE), the service does not have.
 */
bool health_reset_session(PGconn *conn, struct time_limit limit)
{
    return ask(conn, "RESET ALL; DEALLOCATE ALL", PGRES_COMMAND_OK, limit);
}

/*
 * SILENT is the normal case.  READABLE: bytes that may be harmless.  ENDING: an error was
 * announced.  GONE: the end of the stream, or an error of the socket.
 */
enum socket_state { SILENT, READABLE, ENDING, GONE };

/*
 * The byte stays in the socket, since only libpq may take it.  With TLS the first byte is that of
 * a record and says nothing about the message, so a round trip is needed then.
 */
static enum socket_state peek(PGconn *conn)
{
    char first = '\0';
    ssize_t got = platform_peek(PQsocket(conn), &first, sizeof first);
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR ? SILENT : GONE;
    }
    if (got == 0) {
        return GONE;
    }
    /* An ErrorResponse that nobody asked for (57P01 and the like): the server is closing. */
    return first == 'E' && !PQsslInUse(conn) ? ENDING : READABLE;
}

/* Notices, ParameterStatus and TLS session tickets come unasked: libpq consumes them first. */
bool health_check_round_trip(PGconn *conn, struct time_limit limit)
{
    if (PQconsumeInput(conn) == 0 || peek(conn) == GONE) {
        return false;
    }
    return ask(conn, "SELECT 1", PGRES_TUPLES_OK, limit);
}

/*
 * A connection that a NAT gateway has dropped without a word looks SILENT.  Only a round trip
 * finds that out, which is what pool_validate_idle_s is for.
 */
enum health health_look(PGconn *conn)
{
    if (PQstatus(conn) != CONNECTION_OK || PQsocket(conn) < 0) {
        return HEALTH_LOST;
    }
    switch (peek(conn)) {
    case SILENT:
        return HEALTH_GOOD;
    case READABLE:
        return HEALTH_UNSURE;
    case ENDING:
    case GONE:
    default:
        return HEALTH_LOST;
    }
}

/*
 * Never a round trip: it is called before each COMMIT and each single statement, where a question
 * would double the time.
 */
bool health_is_lost(PGconn *conn)
{
    enum socket_state state = peek(conn);
    if (state == READABLE) {
        /* An end of file may follow these bytes: consume them and look again. */
        return PQconsumeInput(conn) == 0 || peek(conn) == GONE;
    }
    return state != SILENT;
}
