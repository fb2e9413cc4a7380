/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Waits for a server with a deadline.  libpq's blocking calls have none. */
#ifndef DSQL_CONNECT_WAIT_H
#define DSQL_CONNECT_WAIT_H

#include "base/clock.h"

#include <libpq-fe.h>

#include <stdbool.h>

/**
 * Waits until the socket is ready for events (of poll(2)) or has failed.  False: deadline_ms
 * (monotonic, -1 for none) has passed.
 */
bool wait_for_socket(const PGconn *conn, short events, const struct clock *clock,
                     int64_t deadline_ms);

/**
 * Runs one simple query and returns its last result, for PQclear().  NULL: no answer before the
 * deadline, or an error of the connection; close it then.  Turns nonblocking mode off.
 */
PGresult *wait_for_query(PGconn *conn, const char *sql, const struct clock *clock,
                         int64_t deadline_ms);

/**
 * The same, for a caller who keeps the connection.  Nonblocking mode is as before.  *is_late: there
 * was no answer before the deadline.  Then the connection is cut off and its status is
 * CONNECTION_BAD, so that no later call of libpq can wait for the answer.
 */
PGresult *wait_for_command(PGconn *conn, const char *sql, const struct clock *clock,
                           int64_t deadline_ms, bool *is_late);

#endif
