/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "pool/health.h"

#include "base/platform.h"
#include "connect/wait.h"

#include <errno.h>

static bool ask(PGconn *conn, const char *sql, ExecStatusType expected, struct time_limit limit)
{
    PGresult *result = wait_for_query(conn, sql, limit.clock, limit.deadline_ms);
    bool is_done = PQresultStatus(result) == expected;
    PQclear(result);
    return is_done && PQtransactionStatus(conn) == PQTRANS_IDLE;
}

/* The caller may have set nonblocking mode; unsent output is not worth waiting for. */
static bool make_blocking(PGconn *conn)
{
    return PQisnonblocking(conn) == 0 || (PQflush(conn) == 0 && PQsetnonblocking(conn, 0) == 0);
}

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

bool health_reset_all(PGconn *conn, struct time_limit limit)
{
    return ask(conn, "RESET ALL", PGRES_COMMAND_OK, limit);
}

enum socket_state { SILENT, READABLE, ENDING, GONE };

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

bool health_check_idle(PGconn *conn, struct time_limit limit)
{
    if (PQstatus(conn) != CONNECTION_OK || PQsocket(conn) < 0) {
        return false;
    }
    switch (peek(conn)) {
    case SILENT:
        return true;
    case READABLE:
        return health_check_round_trip(conn, limit);
    case ENDING:
    case GONE:
    default:
        return false;
    }
}

bool health_is_lost(PGconn *conn)
{
    enum socket_state state = peek(conn);
    if (state == READABLE) {
        /* An end of file may follow these bytes: consume them and look again. */
        return PQconsumeInput(conn) == 0 || peek(conn) == GONE;
    }
    return state != SILENT;
}
