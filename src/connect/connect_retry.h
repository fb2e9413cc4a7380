/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a refused connect is tried again, and when.  A table in words:
 *
 *   expired                once, at once, with fresh credentials and so a fresh token
 *   passes (waking up,     again and again, waiting 100 ms, 200 ms ... 5 s, half of it
 *   too many)              chance, as long as the wait ends before the deadline
 *   anything else          never: no word of the network or of TLS changes by asking again,
 *                          and libpq has tried all addresses of the name already
 */
#ifndef DSQL_CONNECT_CONNECT_RETRY_H
#define DSQL_CONNECT_CONNECT_RETRY_H

#include "base/random.h"
#include "connect/connect_failure.h"

/** All zero is the beginning. */
struct connect_retry {
    int waits;
    bool was_expired;
};

enum { CONNECT_RETRY_GIVE_UP = -1 };

/** How long to wait before the next one; CONNECT_RETRY_GIVE_UP: not at all. */
int64_t connect_retry_next(struct connect_retry *retry, enum connect_failure_kind kind,
                           int64_t left_ms, const struct random_source *random);

#endif
