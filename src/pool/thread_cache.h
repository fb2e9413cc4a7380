/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A few places, each for one released connection, which threads share without a lock.  A thread
 * always uses the same place, so that threads that run at the same time seldom meet.  Knows only
 * numbers, not what they stand for.
 *
 * A thread that puts a number into its place is counted there until thread_cache_leave().  Until
 * then it still uses the pool, although another thread may have taken the number already.
 */
#ifndef DSQL_POOL_THREAD_CACHE_H
#define DSQL_POOL_THREAD_CACHE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { THREAD_CACHE_PLACES = 16, THREAD_CACHE_NONE = -1 };

/** The lower half is the number plus 1, 0 if there is none; the upper one counts the threads. */
struct thread_cache_place {
    _Atomic uint64_t word;
    char padding[64 - sizeof(uint64_t)]; /* each in a cache line of its own */
};

/** All zero: empty. */
struct thread_cache {
    struct thread_cache_place places[THREAD_CACHE_PLACES];
};

/** The place of the calling thread, from 0 to THREAD_CACHE_PLACES - 1. */
int thread_cache_place(void);

/** Takes the number out of a place; THREAD_CACHE_NONE: it is empty. */
int thread_cache_take(struct thread_cache *cache, int place);

/**
 * Puts a number, which must not be negative, into a place.  Returns the one that was there, which
 * is the caller's now, or THREAD_CACHE_NONE.  thread_cache_leave() must follow.
 */
int thread_cache_put(struct thread_cache *cache, int place, int number);
void thread_cache_leave(struct thread_cache *cache, int place);

/** In the child of a fork: empty, without the parent's threads. */
void thread_cache_reset(struct thread_cache *cache);

/** How many places have a number. */
int thread_cache_count(const struct thread_cache *cache);

/** Whether a thread is between thread_cache_put() and thread_cache_leave(). */
bool thread_cache_is_busy(const struct thread_cache *cache);

#endif
