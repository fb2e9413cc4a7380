/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A doubly linked queue of structs that the waiters own: adding cannot fail, and a waiter that
 * gives up can leave from the middle.  The pool's lock guards all of it.  Nothing here blocks.
 */
#include "pool/waiters.h"

#include <assert.h>
#include <stddef.h>

void waiters_add(struct waiters *waiters, struct waiter *waiter)
{
    waiter->next = NULL;
    waiter->previous = waiters->last;
    if (waiters->last != NULL) {
        waiters->last->next = waiter;
    } else {
        waiters->first = waiter;
    }
    waiters->last = waiter;
    waiters->count++;
}

void waiters_remove(struct waiters *waiters, struct waiter *waiter)
{
    if (waiter->previous != NULL) {
        waiter->previous->next = waiter->next;
    } else {
        waiters->first = waiter->next;
    }
    if (waiter->next != NULL) {
        waiter->next->previous = waiter->previous;
    } else {
        waiters->last = waiter->previous;
    }
    waiters->count--;
}

static void wake(struct waiter *waiter)
{
    if (waiter->wakeup != NULL) {
        wakeup_signal(waiter->wakeup);
    } else {
        pthread_cond_signal(&waiter->is_served);
    }
}

/*
 * Removed before it is woken: once the lock is free, the waiter's thread may return, and its
 * stack is gone.
 */
void waiters_serve(struct waiters *waiters, struct slot *slot)
{
    struct waiter *waiter = waiters->first;
    assert(waiter != NULL);
    waiters_remove(waiters, waiter);
    waiter->slot = slot;
    wake(waiter);
}

void waiters_wake_first(struct waiters *waiters)
{
    struct waiter *waiter = waiters->first;
    if (!waiter->is_woken) {
        waiter->is_woken = true;
        wake(waiter);
    }
}

void waiters_wake_all(const struct waiters *waiters)
{
    for (struct waiter *waiter = waiters->first; waiter != NULL; waiter = waiter->next) {
        wake(waiter);
    }
}
