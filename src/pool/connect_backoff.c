/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "pool/connect_backoff.h"

enum { FIRST_WAIT_MS = 100, LONGEST_WAIT_MS = 2000 };

int64_t connect_backoff_begin(struct connect_backoff *backoff, int64_t now_ms, bool *is_probe)
{
    *is_probe = false;
    if (backoff->failures == 0) {
        return 0;
    }
    if (backoff->is_probing) {
        return CONNECT_BACKOFF_PROBING;
    }
    if (now_ms < backoff->until_ms) {
        return backoff->until_ms - now_ms;
    }
    backoff->is_probing = true;
    *is_probe = true;
    return 0;
}

void connect_backoff_elapsed(struct connect_backoff *backoff)
{
    backoff->until_ms = INT64_MIN;
}

void connect_backoff_succeeded(struct connect_backoff *backoff)
{
    *backoff = (struct connect_backoff){0};
}

/* Half of it is random, because many clients lose the same server at the same moment. */
static int64_t wait_after(int failures, const struct random_source *random)
{
    int64_t wait_ms = FIRST_WAIT_MS;
    for (int i = 1; i < failures && wait_ms < LONGEST_WAIT_MS; i++) {
        wait_ms *= 2;
    }
    wait_ms = wait_ms < LONGEST_WAIT_MS ? wait_ms : LONGEST_WAIT_MS;
    return wait_ms / 2 + random_up_to(random, wait_ms / 2);
}

void connect_backoff_failed(struct connect_backoff *backoff, bool is_probe, int64_t now_ms,
                            const struct random_source *random)
{
    if (!is_probe && backoff->failures > 0) {
        return;
    }
    backoff->is_probing = false;
    backoff->failures += backoff->failures < INT32_MAX ? 1 : 0;
    backoff->until_ms = now_ms + wait_after(backoff->failures, random);
}
