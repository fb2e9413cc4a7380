/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * pthread_cond_timedwait() takes a time on a clock, by default the wall clock, which an
 * administrator or NTP may move.  These functions always use CLOCK_MONOTONIC, and compute the end
 * of a wait once, so that spurious wake-ups do not prolong it.
 */
#include "base/condition.h"

#include <errno.h>
#include <time.h>

enum { LONGEST_WAIT_MS = 1000 * 60 * 60 * 24 }; /* no overflow; callers check and wait again */

/* On failure nothing was made, so nothing needs to be destroyed. */
bool condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0) {
        return false;
    }
    bool is_made = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
                   pthread_cond_init(condition, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    return is_made;
}

/*
 * The real clock, not the one that is passed around: tests replace that, but no test clock can end
 * a wait in the kernel.
 */
struct timespec condition_deadline(int64_t wait_ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    if (wait_ms <= 0) {
        return at;
    }
    if (wait_ms > LONGEST_WAIT_MS) {
        wait_ms = LONGEST_WAIT_MS;
    }
    at.tv_sec += (time_t)(wait_ms / 1000);
    at.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_nsec -= 1000000000;
        at.tv_sec++;
    }
    return at;
}

/*
 * May also return early (POSIX allows spurious wake-ups), so every caller checks its condition in
 * a loop.  The lock is released while it waits and held again when it returns, as for
 * pthread_cond_wait().
 */
bool condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, const struct timespec *until)
{
    if (until == NULL) {
        pthread_cond_wait(condition, lock);
        return true;
    }
    return pthread_cond_timedwait(condition, lock, until) != ETIMEDOUT;
}
