/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A token bucket in whole numbers.  It starts full, refills at per_s and never holds more than
 * burst, so the burst is what the first moment of a test run may use.  Thousandths keep the
 * fraction of a connection that a few milliseconds add.
 */
#include "session/rate_limit.h"

enum { ONE = 1000 }; /* a connection, in thousandths */

void rate_limit_init(struct rate_limit *limit, int per_s, int burst, int64_t now_ms)
{
    *limit = (struct rate_limit){.per_s = per_s, .burst = burst, .last_ms = now_ms};
    limit->filled_thousandths = (int64_t)burst * ONE;
}

/*
 * One connection per second is one thousandth of a connection per millisecond.  The division
 * comes first: elapsed_ms * per_s could overflow after a long pause.  A clock that stands still
 * adds nothing.
 */
static void refill(struct rate_limit *limit, int64_t now_ms)
{
    int64_t elapsed_ms = now_ms - limit->last_ms;
    int64_t room = limit->burst * ONE - limit->filled_thousandths;
    limit->last_ms = now_ms;
    if (elapsed_ms <= 0 || limit->per_s <= 0) {
        return;
    }
    bool is_enough = elapsed_ms > room / limit->per_s;
    limit->filled_thousandths += is_enough ? room : elapsed_ms * limit->per_s;
}

/* A negative limit means none. */
bool rate_limit_take(struct rate_limit *limit, int64_t now_ms)
{
    if (limit->per_s < 0 || limit->burst < 0) {
        return true;
    }
    refill(limit, now_ms);
    if (limit->filled_thousandths < ONE) {
        return false;
    }
    limit->filled_thousandths -= ONE;
    return true;
}

/* Rounded up.  Nothing is refilled here, so that asking changes nothing. */
int64_t rate_limit_delay_ms(const struct rate_limit *limit, int64_t now_ms)
{
    if (limit->per_s <= 0 || limit->burst < 0) {
        return 0;
    }
    int64_t missing = ONE - limit->filled_thousandths;
    int64_t wait_ms = missing <= 0 ? 0 : (missing + limit->per_s - 1) / limit->per_s;
    int64_t left_ms = limit->last_ms + wait_ms - now_ms;
    return left_ms > 0 ? left_ms : 0;
}
