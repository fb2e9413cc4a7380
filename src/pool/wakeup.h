/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A descriptor that an event loop waits for, and that another thread makes readable. */
#ifndef DSQL_POOL_WAKEUP_H
#define DSQL_POOL_WAKEUP_H

#include <stdbool.h>

struct wakeup {
    int ends[2]; /* read, written; -1: not open */
};

/** An initial value without a descriptor. */
#define WAKEUP_NONE                                                                                \
    {                                                                                              \
        .ends = { -1, -1 }                                                                         \
    }

/** Opens the descriptor unless it is open.  False: errno says why. */
bool wakeup_open(struct wakeup *wakeup);
void wakeup_close(struct wakeup *wakeup);

/** Makes the descriptor readable.  Never blocks; keeps errno. */
void wakeup_signal(const struct wakeup *wakeup);

/** Makes it unreadable until the next signal. */
void wakeup_clear(const struct wakeup *wakeup);

#endif
