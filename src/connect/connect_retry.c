/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See tries.h. */
#include "connect/connect_retry.h"

enum { FIRST_WAIT_MS = 100, LONGEST_WAIT_MS = 5000 };

static int64_t next_wait(struct tries *tries, const struct random_source *random)
{
    int64_t wait = FIRST_WAIT_MS;
    for (int i = 0; i < tries->waits && wait < LONGEST_WAIT_MS; i++) {
        wait *= 2;
    }
    wait = wait < LONGEST_WAIT_MS ? wait : LONGEST_WAIT_MS;
    tries->waits++;
    return wait / 2 + random_up_to(random, wait / 2);
}

int64_t tries_next(struct tries *tries, enum refusal_kind kind, int64_t left_ms,
                   const struct random_source *random)
{
    if (kind == REFUSAL_EXPIRED && !tries->was_expired) {
        tries->was_expired = true;
        return 0;
    }
    if (kind != REFUSAL_FOR_THE_TIME) {
        return TRIES_GIVE_UP;
    }
    int64_t wait = next_wait(tries, random);
    return wait < left_ms ? wait : TRIES_GIVE_UP;
}
