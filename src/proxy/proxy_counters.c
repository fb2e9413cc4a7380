/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The bounds lie closest where a wait is normal; the last one is how long a client waits by
   default. */
#include "proxy/proxy_counters.h"

const int proxy_wait_bounds_ms[PROXY_WAIT_BUCKETS - 1] = {1,   2,   5,    10,   20,   50,
                                                          100, 500, 1000, 5000, 30000};

void proxy_waits_add(struct proxy_waits *waits, int64_t ms)
{
    int bucket = 0;
    while (bucket < PROXY_WAIT_BUCKETS - 1 && ms > proxy_wait_bounds_ms[bucket]) {
        bucket++;
    }
    waits->buckets[bucket]++;
    waits->count++;
    waits->sum_ms += (uint64_t)ms;
}
