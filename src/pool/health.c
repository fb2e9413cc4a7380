/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See fitness.h. */
#include "pool/health.h"

#include "base/platform.h"
#include "connect/wait.h"

#include <errno.h>

static bool ask(PGconn *conn, const char *sql, ExecStatusType expected, struct patience patience)
{
    PGresult *result = wait_for_query(conn, sql, patience.clock, patience.deadline_ms);
    bool is_done = PQresultStatus(result) == expected;
    PQclear(result);
    return is_done && PQtransactionStatus(conn) == PQTRANS_IDLE;
}

/* Nonblocking mode is the caller's; what he has not sent yet is not worth waiting for. */
static bool make_blocking(PGconn *conn)
{
    return PQisnonblocking(conn) == 0 || (PQflush(conn) == 0 && PQsetnonblocking(conn, 0) == 0);
}

bool fitness_restore(PGconn *conn, struct patience patience)
{
    if (PQstatus(conn) != CONNECTION_OK || PQpipelineStatus(conn) != PQ_PIPELINE_OFF) {
        return false;
    }
    switch (PQtransactionStatus(conn)) {
    case PQTRANS_IDLE:
        return make_blocking(conn);
    case PQTRANS_INTRANS:
    case PQTRANS_INERROR:
        return make_blocking(conn) && ask(conn, "ROLLBACK", PGRES_COMMAND_OK, patience);
    case PQTRANS_ACTIVE: /* COPY, or results nobody fetched: may never end */
    case PQTRANS_UNKNOWN:
    default:
        return false;
    }
}

bool fitness_reset(PGconn *conn, struct patience patience)
{
    return ask(conn, "RESET ALL", PGRES_COMMAND_OK, patience);
}

enum silence { SILENT, SPEAKING, SAYING_GOODBYE, GONE };

static enum silence listen_to(PGconn *conn)
{
    char first = '\0';
    ssize_t got = platform_peek(PQsocket(conn), &first, sizeof first);
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR ? SILENT : GONE;
    }
    if (got == 0) {
        return GONE;
    }
    /* An ErrorResponse that nobody asked for is the last word (57P01 and the like). */
    return first == 'E' && !PQsslInUse(conn) ? SAYING_GOODBYE : SPEAKING;
}

/* Notices and settings come unasked and are fine, and TLS has records of its own. */
bool fitness_answers(PGconn *conn, struct patience patience)
{
    if (PQconsumeInput(conn) == 0 || listen_to(conn) == GONE) {
        return false;
    }
    return ask(conn, "SELECT 1", PGRES_TUPLES_OK, patience);
}

bool fitness_check_idle(PGconn *conn, struct patience patience)
{
    if (PQstatus(conn) != CONNECTION_OK || PQsocket(conn) < 0) {
        return false;
    }
    switch (listen_to(conn)) {
    case SILENT:
        return true;
    case SPEAKING:
        return fitness_answers(conn, patience);
    case SAYING_GOODBYE:
    case GONE:
    default:
        return false;
    }
}

bool fitness_is_gone(PGconn *conn)
{
    enum silence silence = listen_to(conn);
    if (silence == SPEAKING) { /* what hides the end of the stream is read away */
        return PQconsumeInput(conn) == 0 || listen_to(conn) == GONE;
    }
    return silence != SILENT;
}
