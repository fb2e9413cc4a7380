/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks a server to cancel what a connection runs (PostgreSQL manual, "Canceling Requests in
 * Progress").  The request goes over a connection of its own, and the server may ignore it.
 *
 * From version 17 on libpq can do it with a deadline and with TLS.  Before, PQcancel() has neither:
 * it then runs on a thread of its own, which may have to wait beyond the deadline.
 */
#ifndef DSQL_CONNECT_CANCEL_H
#define DSQL_CONNECT_CANCEL_H

#include "base/clock.h"

#include <libpq-fe.h>

/**
 * Waits until the server has dealt with the request, but never beyond deadline_ms (monotonic).
 * After the deadline the request may still arrive, so the connection must be closed then.  Whether
 * it had an effect, the answer shows.
 */
void cancel_request(PGconn *conn, const struct clock *clock, int64_t deadline_ms);

#endif
