/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * When a pool may connect again after a connect has failed.  All threads of a pool share one
 * state: after a failure one of them probes at a time, with waits of 100 ms, 200 ms ... 2 s in
 * between, half of each random.  A success ends that.  So the load on a server that is down does
 * not depend on the number of callers, nor on how often they call.
 *
 * No clock and no lock: the caller passes the time, and holds the pool's lock.
 */
#ifndef DSQL_POOL_CONNECT_BACKOFF_H
#define DSQL_POOL_CONNECT_BACKOFF_H

#include "base/random.h"

#include <stdbool.h>
#include <stdint.h>

/** All zero: no connect has failed, and any number of threads may connect. */
struct connect_backoff {
    int failures; /* in a row */
    bool is_probing;
    int64_t until_ms; /* monotonic: no probe starts before */
};

/** What connect_backoff_begin() answers while another thread probes: wait for the end of that. */
enum { CONNECT_BACKOFF_PROBING = -1 };

/**
 * 0: the caller connects now, and then calls connect_backoff_succeeded() or _failed() with
 * *is_probe.  Otherwise the wait in ms, or CONNECT_BACKOFF_PROBING.
 */
int64_t connect_backoff_begin(struct connect_backoff *backoff, int64_t now_ms, bool *is_probe);

/** The wait is over, whatever the clock says: the caller has waited for it in the kernel. */
void connect_backoff_elapsed(struct connect_backoff *backoff);

void connect_backoff_succeeded(struct connect_backoff *backoff);

/** A failure of a connect that began before the back-off does not prolong it. */
void connect_backoff_failed(struct connect_backoff *backoff, bool is_probe, int64_t now_ms,
                            const struct random_source *random);

#endif
