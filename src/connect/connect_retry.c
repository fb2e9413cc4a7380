/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The schedule of connect_retry.h, without a clock: the caller says how much time is left and
 * sleeps by itself.  So a test can run through minutes of waiting at once.
 */
#include "connect/connect_retry.h"

enum { FIRST_WAIT_MS = 100, LONGEST_WAIT_MS = 5000 };

/*
 * Half of each wait is random, because many clients lose their cluster at the same moment and
 * would return at the same moment.
 */
static int64_t next_wait(struct connect_retry *retry, const struct random_source *random)
{
    int64_t wait = FIRST_WAIT_MS;
    for (int i = 0; i < retry->waits && wait < LONGEST_WAIT_MS; i++) {
        wait *= 2;
    }
    wait = wait < LONGEST_WAIT_MS ? wait : LONGEST_WAIT_MS;
    retry->waits++;
    return wait / 2 + random_up_to(random, wait / 2);
}

/*
 * One retry for an expired signature: if the new credentials are rejected too, the likely cause
 * is the clock, which a third token does not change.  A wait that would end after the deadline is
 * not begun.
 */
int64_t connect_retry_next(struct connect_retry *retry, enum connect_failure_kind kind,
                           int64_t left_ms, const struct random_source *random)
{
    if (kind == CONNECT_FAILURE_EXPIRED && !retry->was_expired) {
        retry->was_expired = true;
        return 0;
    }
    if (kind != CONNECT_FAILURE_TRANSIENT) {
        return CONNECT_RETRY_GIVE_UP;
    }
    int64_t wait = next_wait(retry, random);
    return wait < left_ms ? wait : CONNECT_RETRY_GIVE_UP;
}
