/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See pace.h. */
#include "pool/open_rate.h"

int64_t pace_take(struct pace *pace, int64_t now_ms)
{
    int64_t start = pace->full_until_ms > now_ms ? pace->full_until_ms : now_ms;
    int64_t too_early = start - now_ms - (int64_t)(PACE_BURST - 1) * PACE_INTERVAL_MS;
    if (too_early > 0) {
        return too_early;
    }
    pace->full_until_ms = start + PACE_INTERVAL_MS;
    return 0;
}
