/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * pthread_setcancelstate() belongs to the thread and nests: a public function that is called
 * from a callback of another one finds the state held, and leaves it so.
 */
#include "base/cancellation.h"

#include <pthread.h>

int cancellation_hold(void)
{
    int before = PTHREAD_CANCEL_ENABLE;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

void cancellation_restore(const int *state)
{
    pthread_setcancelstate(*state, &(int){0}); /* not every system accepts NULL */
}
