/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a failed connect is retried, and when:
 *
 *   expired      once, at once, with new credentials and therefore a new token
 *   transient    until the deadline, with waits of 100 ms, 200 ms ... 5 s, half of each random
 *   unreachable  never: libpq has already tried every address of the host, and only the program
 *                knows how long a server may be away; a pool tries again (connect_turn.h)
 *   permanent    never
 */
#ifndef DSQL_CONNECT_CONNECT_RETRY_H
#define DSQL_CONNECT_CONNECT_RETRY_H

#include "base/random.h"
#include "connect/connect_failure.h"

/** All zero: before the first attempt. */
struct connect_retry {
    int waits;
    bool was_expired;
};

enum { CONNECT_RETRY_GIVE_UP = -1 };

/** The wait in ms before the next attempt, or CONNECT_RETRY_GIVE_UP.  left_ms: to the deadline. */
int64_t connect_retry_next(struct connect_retry *retry, enum connect_failure_kind kind,
                           int64_t left_ms, const struct random_source *random);

#endif
