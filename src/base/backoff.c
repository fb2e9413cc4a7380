/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * "Equal jitter" of the AWS Architecture Blog ("Exponential Backoff And Jitter"): half of the
 * wait is fixed, so that it grows, and half is random.  The caller sleeps.
 */
#include "base/backoff.h"

/* Capped before the jitter; otherwise all long waits would be exactly the maximum. */
static int64_t capped(int64_t wait_ms, int64_t max_ms)
{
    if (wait_ms < 0) {
        wait_ms = 0;
    }
    return wait_ms < max_ms ? wait_ms : max_ms;
}

void backoff_init(struct backoff *backoff, int64_t base_ms, int64_t max_ms,
                  const struct random_source *random)
{
    backoff->max_ms = max_ms > 0 ? max_ms : 0;
    backoff->next_ms = capped(base_ms, backoff->max_ms);
    backoff->random = random;
}

/* The random part is at most half, so a wait is never 0 unless base is. */
int64_t backoff_next(struct backoff *backoff)
{
    int64_t wait_ms = backoff->next_ms;
    /* Compared before doubling, so that it cannot overflow. */
    backoff->next_ms = wait_ms > backoff->max_ms / 2 ? backoff->max_ms : wait_ms * 2;
    int64_t chance_ms = wait_ms / 2;
    return wait_ms - chance_ms + random_up_to(backoff->random, chance_ms);
}
