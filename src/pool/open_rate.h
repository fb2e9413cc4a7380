/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast connections are opened ahead of need.  Aurora DSQL allows a cluster 100 new
 * connections a second (1,000 at once), for all its clients together: a pool that warms
 * up takes a tenth of it.  What somebody waits for is not held back.
 */
#ifndef DSQL_POOL_OPEN_RATE_H
#define DSQL_POOL_OPEN_RATE_H

#include <stdint.h>

enum { OPEN_RATE_INTERVAL_MS = 100, OPEN_RATE_BURST = 10 };

/** A leaky bucket; all zero is an empty one. */
struct open_rate {
    int64_t full_until_ms; /* monotonic: when all that was taken has leaked away */
};

/** 0: taken, go on.  Else so many ms too early, and nothing is taken. */
int64_t open_rate_take(struct open_rate *open_rate, int64_t now_ms);

#endif
