/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The wait between two attempts: doubled each time up to a maximum.  Half of it is random, so
 * that transactions that collided do not collide again.
 */
#ifndef DSQL_BASE_BACKOFF_H
#define DSQL_BASE_BACKOFF_H

#include "base/random.h"

struct backoff {
    int64_t next_ms;
    int64_t max_ms;
    const struct random_source *random;
};

void backoff_init(struct backoff *backoff, int64_t base_ms, int64_t max_ms,
                  const struct random_source *random);

/** In [d/2, d], where d is base, 2 * base, 4 * base and so on, but at most max. */
int64_t backoff_next(struct backoff *backoff);

#endif
