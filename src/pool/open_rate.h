/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast idle connections are opened in the background.  Aurora DSQL allows a cluster 100 new
 * connections a second, with a burst of 1,000, for all of its clients together; a pool takes a
 * tenth of that rate.  A connection that a caller waits for is opened at once.
 */
#ifndef DSQL_POOL_OPEN_RATE_H
#define DSQL_POOL_OPEN_RATE_H

#include <stdint.h>

enum { OPEN_RATE_INTERVAL_MS = 100, OPEN_RATE_BURST = 10 };

/** A leaky bucket.  All zero: nothing has been opened yet. */
struct open_rate {
    int64_t full_until_ms; /* monotonic: when everything taken so far has leaked away */
};

/** 0: one connection may be opened, and is counted.  Otherwise: the wait in ms. */
int64_t open_rate_take(struct open_rate *open_rate, int64_t now_ms);

#endif
