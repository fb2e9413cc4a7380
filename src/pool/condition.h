/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Condition variables that wait by the monotonic clock, so that a change of date is no matter. */
#ifndef DSQL_POOL_CONDITION_H
#define DSQL_POOL_CONDITION_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { CONDITION_FOR_EVER = -1 };

/** False: the system has no resources left. */
bool condition_init(pthread_cond_t *condition);

/** A point on CLOCK_MONOTONIC, wait_ms from now; 0 ms for what has passed. */
struct timespec condition_deadline(int64_t wait_ms);

/** Waits, with the lock held; until NULL waits for ever.  False: the time is up. */
bool condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, const struct timespec *until);

#endif
