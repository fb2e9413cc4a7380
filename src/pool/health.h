/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks whether a connection is usable, after a caller released it and after it was idle.
 * Knows nothing of pools.  What needs an answer from the server has a time limit.
 */
#ifndef DSQL_POOL_HEALTH_H
#define DSQL_POOL_HEALTH_H

#include "base/clock.h"

#include <libpq-fe.h>

#include <stdbool.h>

struct time_limit {
    const struct clock *clock;
    int64_t deadline_ms; /* monotonic; -1 for none */
};

/** Whether there is nothing to end: no transaction, no query, no pipeline, not nonblocking. */
bool health_is_at_rest(const PGconn *conn);

/** Rolls an open transaction back.  False: broken, or busy (COPY, pipeline, unread results). */
bool health_end_transaction(PGconn *conn, struct time_limit limit);

/**
 * Undoes all SETs and drops all prepared statements, in one round trip and outside a transaction.
 * False: it failed or took too long.
 */
bool health_reset_session(PGconn *conn, struct time_limit limit);

enum health {
    HEALTH_GOOD,   /* open, and nothing has arrived */
    HEALTH_UNSURE, /* the server has sent something unasked: a round trip decides */
    HEALTH_LOST
};

/** What an idle connection looks like without a round trip.  Peeks at the socket. */
enum health health_look(PGconn *conn);

/** Whether an idle connection works, by a round trip (SELECT 1). */
bool health_check_round_trip(PGconn *conn, struct time_limit limit);

/**
 * Whether the server has closed the connection or announced it.  True is certain; false means
 * that nothing of it has arrived yet.  Only for a connection without a running query.
 */
bool health_is_lost(PGconn *conn);

#endif
