/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Handing a prepared slot to the caller, for every kind of acquire, and what is noted of that. */
#ifndef DSQL_POOL_HAND_OUT_H
#define DSQL_POOL_HAND_OUT_H

#include "pool/slot.h"

/** An acquire that hands out a slot. */
struct loan {
    const char *place; /* for the warning of leak_warn_s; may be NULL */
    int64_t start_ms;  /* monotonic: when it began to wait; -1: it has not */
};

/**
 * Hands out the connection of a reserved slot.  NULL: the pool is closing, or this is the child of
 * a hook that forked; the slot is not reserved any more.  The caller does not hold the lock.
 */
PGconn *hand_out(struct slot *slot, const struct loan *loan, dsql_error *err);

/** Both return the status that they report. */
dsql_status hand_out_fail_closed(dsql_error *err);
/** Counts the timeout.  The caller holds the lock. */
dsql_status hand_out_fail_timeout(dsql_pool *pool, int timeout_ms, dsql_error *err);

#endif
