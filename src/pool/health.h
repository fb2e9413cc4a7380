/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a connection fit to be lent?  Asked after it was used, and after it lay idle.
 * Whatever needs an answer of the server has a deadline (monotonic, -1 none).
 */
#ifndef DSQL_POOL_HEALTH_H
#define DSQL_POOL_HEALTH_H

#include "base/clock.h"

#include <libpq-fe.h>

#include <stdbool.h>

struct time_limit {
    const struct clock *clock;
    int64_t deadline_ms;
};

/** Ends an open transaction.  False: broken, or in a state (COPY, pipeline) that is not ours. */
bool health_end_transaction(PGconn *conn, struct time_limit limit);

/** RESET ALL, outside a transaction.  False: it failed, or took too long. */
bool health_reset_all(PGconn *conn, struct time_limit limit);

/**
 * Still there, after lying idle?  Looks at the socket and costs no round trip,
 * unless the server said something unasked.
 */
bool health_check_idle(PGconn *conn, struct time_limit limit);

/** The same, with one round trip in any case. */
bool health_check_round_trip(PGconn *conn, struct time_limit limit);

/**
 * Has the server hung up, or said that it will?  True is certain; false only says
 * that nothing is known of it.  For a connection with no query under way.
 */
bool health_is_lost(PGconn *conn);

#endif
