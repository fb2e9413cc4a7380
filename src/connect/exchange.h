/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way of the library to wait for a server's answer.  libpq's own calls (PQexec(),
 * PQgetResult()) wait without a limit; these have a deadline.  At the deadline the server is asked
 * to cancel, and EXCHANGE_GRACE_MS later the connection is cut off: its socket is shut down, so
 * that no later call of libpq, PQfinish() included, can wait for the answer.
 */
#ifndef DSQL_CONNECT_EXCHANGE_H
#define DSQL_CONNECT_EXCHANGE_H

#include "base/clock.h"

#include <libpq-fe.h>

#include <stdbool.h>

/* How long the answer to a cancel request is waited for. */
enum { EXCHANGE_GRACE_MS = 2000 };

struct exchange {
    PGconn *conn;
    const struct clock *clock;
    int64_t deadline_ms; /* monotonic; -1 for none.  Later, the end of the grace period */
    bool may_cancel;     /* false: cut off at the deadline */

    /* Output. */
    bool is_late; /* the deadline has passed; there may still be an answer */
    bool is_cut;  /* the connection was cut off, and its status is CONNECTION_BAD */

    bool was_nonblocking; /* before exchange_begin() */
};

/** Puts the connection into nonblocking mode, in which nothing but the functions below waits. */
bool exchange_begin(struct exchange *exchange);
/** Back to the mode of before, if the connection is still usable.  False: it is not. */
bool exchange_end(const struct exchange *exchange);

/** Waits until the socket is ready for events (of poll(2)).  False: cut off. */
bool exchange_wait(struct exchange *exchange, short events);

/** Sends all that libpq has buffered.  False: cut off, or the connection is broken. */
bool exchange_flush(struct exchange *exchange);

/** Waits until something has arrived, and reads it.  False: cut off, or the connection is broken.
 */
bool exchange_read(struct exchange *exchange);

/** Waits until PQgetResult() does not block.  False: cut off. */
bool exchange_await(struct exchange *exchange);

/**
 * After PQsend...(): sends it, reads all results and returns the last one, for PQclear(), or the
 * first one that is a COPY.  NULL: cut off, or no memory.
 */
PGresult *exchange_finish(struct exchange *exchange);

/** Ends a COPY and drops unread results.  False: the connection is cut off or broken. */
bool exchange_discard(struct exchange *exchange);

/** Whether the server has cancelled the statement, as it was asked to. */
bool exchange_is_canceled(const struct exchange *exchange, const PGresult *result);

/**
 * Runs one simple query, without a cancel request.  Returns its last result, for PQclear().  NULL:
 * no answer before the deadline, a COPY, or an error of the connection; close it then.  Turns
 * nonblocking mode off.
 */
PGresult *exchange_query(PGconn *conn, const char *sql, const struct clock *clock,
                         int64_t deadline_ms);

/**
 * The same for a caller who keeps the connection.  Nonblocking mode is as before.  *is_late: there
 * was no answer before the deadline, and the connection is cut off.  Meant for BEGIN, COMMIT and
 * ROLLBACK, in which nothing could be cancelled.
 */
PGresult *exchange_command(PGconn *conn, const char *sql, const struct clock *clock,
                           int64_t deadline_ms, bool *is_late);

#endif
