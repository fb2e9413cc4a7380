/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A token bucket: how fast connections may come, and how many at once.  The time is a
   parameter. */
#ifndef DSQL_SESSION_RATE_LIMIT_H
#define DSQL_SESSION_RATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

/** Invariant: 0 <= filled_thousandths <= burst * 1000, unless a limit is negative. */
struct rate_limit {
    int64_t per_s; /* negative: no limit */
    int64_t burst;
    int64_t filled_thousandths; /* of a connection */
    int64_t last_ms;
};

void rate_limit_init(struct rate_limit *limit, int per_s, int burst, int64_t now_ms);
/** Takes one connection from the bucket; false if it has none. */
bool rate_limit_take(struct rate_limit *limit, int64_t now_ms);
/** How long until rate_limit_take() can succeed, in ms; 0: now. */
int64_t rate_limit_delay_ms(const struct rate_limit *limit, int64_t now_ms);

#endif
