/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See fitness.h. */
#include "pool/fitness.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>

static bool roll_back(PGconn *conn)
{
    PGresult *result = PQexec(conn, "ROLLBACK");
    bool is_done = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return is_done && PQtransactionStatus(conn) == PQTRANS_IDLE;
}

bool fitness_restore(PGconn *conn)
{
    if (PQstatus(conn) != CONNECTION_OK || PQpipelineStatus(conn) != PQ_PIPELINE_OFF) {
        return false;
    }
    if (PQisnonblocking(conn) && PQsetnonblocking(conn, 0) != 0) {
        return false;
    }
    switch (PQtransactionStatus(conn)) {
    case PQTRANS_IDLE:
        return true;
    case PQTRANS_INTRANS:
    case PQTRANS_INERROR:
        return roll_back(conn);
    case PQTRANS_ACTIVE: /* COPY, or results nobody fetched: may never end */
    case PQTRANS_UNKNOWN:
    default:
        return false;
    }
}

enum silence { SILENT, SPEAKING, SAYING_GOODBYE, GONE };

static enum silence listen_to(PGconn *conn)
{
    char first = '\0';
    ssize_t got = recv(PQsocket(conn), &first, 1, MSG_PEEK | MSG_DONTWAIT);
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
static bool answers(PGconn *conn)
{
    if (PQconsumeInput(conn) == 0 || listen_to(conn) == GONE) {
        return false;
    }
    PGresult *result = PQexec(conn, "SELECT 1");
    bool is_alive = PQresultStatus(result) == PGRES_TUPLES_OK;
    PQclear(result);
    return is_alive && PQtransactionStatus(conn) == PQTRANS_IDLE;
}

bool fitness_check_idle(PGconn *conn)
{
    if (PQstatus(conn) != CONNECTION_OK || PQsocket(conn) < 0) {
        return false;
    }
    switch (listen_to(conn)) {
    case SILENT:
        return true;
    case SPEAKING:
        return answers(conn);
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
