/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting with a deadline, for the places where libpq's own functions would block: connecting,
 * the pool's small queries, and BEGIN, COMMIT and ROLLBACK.  poll(2) and not select(2), which
 * cannot take a descriptor above 1023.
 */
#include "connect/wait.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

enum { LONGEST_POLL_MS = 60000 };

/*
 * In pieces of at most a minute: poll() takes an int, and the clock of a test moves by itself.
 * EINTR starts it again with the time that is left.
 */
bool wait_for_socket(const PGconn *conn, short events, const struct clock *clock,
                     int64_t deadline_ms)
{
    for (;;) {
        int64_t left = LONGEST_POLL_MS;
        if (deadline_ms >= 0) {
            left = deadline_ms - clock_monotonic_ms(clock);
            if (left <= 0) {
                return false;
            }
        }
        struct pollfd fd = {.fd = PQsocket(conn), .events = events};
        int ready = poll(&fd, 1, (int)(left < LONGEST_POLL_MS ? left : LONGEST_POLL_MS));
        if (ready > 0 || (ready < 0 && errno != EINTR)) {
            return true; /* on an error too: the next call of libpq reports it */
        }
    }
}

/*
 * Nonblocking, since a blocking PQsendQuery() can wait in send() for a server that does not read.
 */
static bool send_all(PGconn *conn, const char *sql, const struct clock *clock, int64_t deadline_ms)
{
    if (PQsetnonblocking(conn, 1) != 0 || PQsendQuery(conn, sql) == 0) {
        return false;
    }
    int left = PQflush(conn);
    while (left == 1) { /* the server may have to write before it reads on */
        if (!wait_for_socket(conn, POLLIN | POLLOUT, clock, deadline_ms) ||
            PQconsumeInput(conn) == 0) {
            return false;
        }
        left = PQflush(conn);
    }
    return left == 0;
}

/* False: the deadline has passed or the connection broke.  *result NULL: no more results. */
static bool next_result(PGconn *conn, const struct clock *clock, int64_t deadline_ms,
                        PGresult **result)
{
    while (PQisBusy(conn) == 1) {
        if (!wait_for_socket(conn, POLLIN, clock, deadline_ms) || PQconsumeInput(conn) == 0) {
            return false;
        }
    }
    *result = PQgetResult(conn);
    return true;
}

/* PQgetResult() returns a COPY again and again until it is ended. */
static bool is_endless(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

/* Several results are possible ("SELECT 1; SELECT 2"), and the last one counts, as for PQexec(). */
PGresult *wait_for_query(PGconn *conn, const char *sql, const struct clock *clock,
                         int64_t deadline_ms)
{
    PGresult *last = NULL;
    PGresult *result = NULL;
    bool is_ok = send_all(conn, sql, clock, deadline_ms);
    while (is_ok) {
        is_ok = next_result(conn, clock, deadline_ms, &result);
        if (!is_ok || result == NULL) {
            break;
        }
        PQclear(last);
        last = result;
        is_ok = !is_endless(result);
    }
    if (!is_ok || PQstatus(conn) != CONNECTION_OK || PQsetnonblocking(conn, 0) != 0) {
        PQclear(last);
        return NULL;
    }
    return last;
}

/*
 * No CancelRequest is sent: a COMMIT or a ROLLBACK has nothing that could be cancelled, and a
 * server that is silent would not answer it either.
 */
PGresult *wait_for_command(PGconn *conn, const char *sql, const struct clock *clock,
                           int64_t deadline_ms, bool *is_late)
{
    bool was_nonblocking = PQisnonblocking(conn) == 1;
    PGresult *result = wait_for_query(conn, sql, clock, deadline_ms);
    *is_late = false;
    if (result == NULL && PQtransactionStatus(conn) == PQTRANS_ACTIVE) {
        *is_late = deadline_ms >= 0 && clock_monotonic_ms(clock) >= deadline_ms;
        shutdown(PQsocket(conn), SHUT_RDWR);
        while (PQconsumeInput(conn) == 1) { /* until libpq has seen the end */
        }
    } else if (was_nonblocking) {
        PQsetnonblocking(conn, 1);
    }
    return result;
}
