/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for a server, by a deadline that holds: libpq's own calls wait as long as the
 * network likes.
 */
#ifndef DSQL_CONNECT_WAIT_H
#define DSQL_CONNECT_WAIT_H

#include "base/clock.h"

#include <libpq-fe.h>

#include <stdbool.h>

/**
 * Until the socket is ready for events (of poll(2)) or has failed.  False: deadline_ms
 * (monotonic, -1 none) has passed.
 */
bool wait_for_socket(const PGconn *conn, short events, const struct clock *clock,
                     int64_t deadline_ms);

/**
 * One simple query on an idle or failed transaction, answered before the deadline: its
 * last result, for PQclear().  NULL: too late or broken, and the connection is of no more
 * use.  Nonblocking mode is off afterwards.
 */
PGresult *wait_for_query(PGconn *conn, const char *sql, const struct clock *clock,
                         int64_t deadline_ms);

#endif
