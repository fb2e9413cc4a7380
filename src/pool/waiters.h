/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Those who wait for a slot, first come first served.  Each has a condition of
 * its own, so that a place given wakes exactly the one it is given to.  The
 * pool's lock guards all of it.
 */
#ifndef DSQL_POOL_WAITERS_H
#define DSQL_POOL_WAITERS_H

#include <pthread.h>

struct slot;

/** Lives on the stack of the thread that waits. */
struct waiter {
    pthread_cond_t is_served;
    struct slot *slot; /* NULL: not served yet */
    struct waiter *previous, *next;
};

struct waiters {
    struct waiter *first, *last;
    int count;
};

void waiters_add(struct waiters *waiters, struct waiter *waiter);
void waiters_remove(struct waiters *waiters, struct waiter *waiter);

/** Gives the place to the one who has waited longest and takes him off; there must be one. */
void waiters_serve(struct waiters *waiters, struct slot *slot);

/** For all to look again, as when the pool closes. */
void waiters_wake_all(const struct waiters *waiters);

#endif
