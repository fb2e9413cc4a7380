/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Condition variables on the monotonic clock: a change of the date neither ends a wait early
 * nor prolongs it.
 */
#ifndef DSQL_BASE_CONDITION_H
#define DSQL_BASE_CONDITION_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/** False: the system is out of resources. */
bool condition_init(pthread_cond_t *condition);

/** The time wait_ms from now on CLOCK_MONOTONIC; now, if wait_ms is not positive. */
struct timespec condition_deadline(int64_t wait_ms);

/** Waits; the caller holds lock.  until NULL: no limit.  False: the time limit has passed. */
bool condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, const struct timespec *until);

#endif
