/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Waits until this thread may connect, and reports how that went to the others; see
 * connect_backoff.h.  It does not connect by itself.  The caller does not hold the pool's lock.
 */
#ifndef DSQL_POOL_CONNECT_TURN_H
#define DSQL_POOL_CONNECT_TURN_H

#include "pool/slot.h"

struct connect_turn {
    dsql_pool *pool;
    int64_t until_ms; /* monotonic; -1: no limit */
    bool is_probe;
    struct slot *idle; /* a connection that was released meanwhile, reserved; or NULL */
};

/** deadline_ms is monotonic, -1 for none; connect_timeout_ms may end it earlier. */
struct connect_turn connect_turn_new(dsql_pool *pool, int64_t deadline_ms);

/**
 * DSQL_OK: use turn->idle if that is not NULL; else connect now, then call connect_turn_end().
 * Otherwise the error of the last connect,
 * because the time is over or another thread was rejected; or DSQL_ERR_CLOSED.
 */
dsql_status connect_turn_wait(struct connect_turn *turn, dsql_error *err);

/** reason is read if status is not DSQL_OK. */
void connect_turn_end(const struct connect_turn *turn, dsql_status status,
                      const dsql_error *reason);

/** Whether the failure may pass by itself, and there is time to try again. */
bool connect_turn_may_try_again(const struct connect_turn *turn, const dsql_error *reason);

#endif
