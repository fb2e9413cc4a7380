/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Is a connection fit to be lent?  Asked after it was used, and after it lay idle. */
#ifndef DSQL_POOL_FITNESS_H
#define DSQL_POOL_FITNESS_H

#include <libpq-fe.h>

#include <stdbool.h>

/** Ends an open transaction.  False: broken, or in a state (COPY, pipeline) that is not ours. */
bool fitness_restore(PGconn *conn);

/**
 * Still there, after lying idle?  Looks at the socket and costs no round trip,
 * unless the server said something unasked.
 */
bool fitness_check_idle(PGconn *conn);

/**
 * Has the server hung up, or said that it will?  True is certain; false only says
 * that nothing is known of it.  For a connection with no query under way.
 */
bool fitness_is_gone(PGconn *conn);

#endif
