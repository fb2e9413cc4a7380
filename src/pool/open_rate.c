/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A leaky bucket in one number: the time at which it will be empty again.  So there is nothing to
 * refill, and no timer.  The caller holds the pool's lock.
 */
#include "pool/open_rate.h"

/* The generic cell rate algorithm: a burst may run ahead of the rate by OPEN_RATE_BURST - 1. */
int64_t open_rate_take(struct open_rate *open_rate, int64_t now_ms)
{
    int64_t start = open_rate->full_until_ms > now_ms ? open_rate->full_until_ms : now_ms;
    int64_t too_early = start - now_ms - (int64_t)(OPEN_RATE_BURST - 1) * OPEN_RATE_INTERVAL_MS;
    if (too_early > 0) {
        return too_early;
    }
    open_rate->full_until_ms = start + OPEN_RATE_INTERVAL_MS;
    return 0;
}
