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

#endif
