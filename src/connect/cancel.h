/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks a server to cancel what a connection runs (PostgreSQL manual, "Canceling Requests in
 * Progress").  The request goes over a connection of its own, and the server may ignore it.
 *
 * From version 17 on libpq can do it with a deadline and with TLS.  Before, PQcancel() has neither:
 * it then runs on a thread of its own, which may wait as long as it has to.
 */
#ifndef DSQL_CONNECT_CANCEL_H
#define DSQL_CONNECT_CANCEL_H

#include "base/clock.h"

#include <libpq-fe.h>

/** Never waits beyond deadline_ms (monotonic).  Whether it had an effect, the answer shows. */
void cancel_request(PGconn *conn, const struct clock *clock, int64_t deadline_ms);

#endif
