/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue of those who wait for a slot, served in order: threads, each with a condition variable
 * of its own, and event loops, each with a descriptor.  slot.c decides when a slot is handed over,
 * and when a thread is only woken to take one.  The pool's lock guards the queue.
 */
#ifndef DSQL_POOL_WAITERS_H
#define DSQL_POOL_WAITERS_H

#include "pool/wakeup.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct slot;

/** Lives on the stack of the thread that waits, or in a dsql_acquire. */
struct waiter {
    const struct wakeup *wakeup; /* of an event loop; NULL: a thread waits for is_served */
    pthread_cond_t is_served;    /* not initialized if there is a wakeup */
    struct slot *slot;           /* NULL: not served yet */
    int64_t since_ms;            /* monotonic: when it began to wait */
    bool is_woken;               /* a thread that was woken and has not looked yet */
    struct waiter *previous, *next;
};

struct waiters {
    struct waiter *first, *last;
    int count;
};

void waiters_add(struct waiters *waiters, struct waiter *waiter);
void waiters_remove(struct waiters *waiters, struct waiter *waiter);

/** Gives the slot to the first waiter and removes it from the queue, which must not be empty. */
void waiters_serve(struct waiters *waiters, struct slot *slot);

/** Wakes the first waiter, a thread, to take a slot.  Once, until it has looked. */
void waiters_wake_first(struct waiters *waiters);

/** Wakes all of them, as when the pool closes; they look at the pool's state again. */
void waiters_wake_all(const struct waiters *waiters);

#endif
