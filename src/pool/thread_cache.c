/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Number and count are in one word, so that a number is never visible without the thread that put
 * it.  All operations are sequentially consistent: a thread that has put a number and then reads a
 * flag, and one that has set the flag and then reads the places, cannot both miss the other.
 */
#include "pool/thread_cache.h"

#define NUMBER     UINT64_C(0xffffffff)
#define ONE_THREAD (UINT64_C(1) << 32)

static int number_in(uint64_t word)
{
    return (int)(word & NUMBER) - 1;
}

/* In turn, so that the first threads of a program have a place each. */
int thread_cache_place(void)
{
    static atomic_uint next;
    static _Thread_local unsigned mine; /* plus 1; 0: none yet */
    if (mine == 0) {
        mine = atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % THREAD_CACHE_PLACES + 1;
    }
    return (int)mine - 1;
}

int thread_cache_take(struct thread_cache *cache, int place)
{
    _Atomic uint64_t *word = &cache->places[place].word;
    uint64_t old = atomic_load(word);
    while ((old & NUMBER) != 0) {
        if (atomic_compare_exchange_weak(word, &old, old & ~NUMBER)) {
            return number_in(old);
        }
    }
    return THREAD_CACHE_NONE;
}

int thread_cache_put(struct thread_cache *cache, int place, int number)
{
    _Atomic uint64_t *word = &cache->places[place].word;
    uint64_t old = atomic_load(word);
    uint64_t added = (uint64_t)number + 1;
    while (!atomic_compare_exchange_weak(word, &old, ((old & ~NUMBER) | added) + ONE_THREAD)) {
    }
    return number_in(old);
}

/* The last access of its thread to the pool. */
void thread_cache_leave(struct thread_cache *cache, int place)
{
    atomic_fetch_sub(&cache->places[place].word, ONE_THREAD);
}

void thread_cache_reset(struct thread_cache *cache)
{
    for (int i = 0; i < THREAD_CACHE_PLACES; i++) {
        atomic_store(&cache->places[i].word, 0);
    }
}

int thread_cache_count(const struct thread_cache *cache)
{
    int count = 0;
    for (int i = 0; i < THREAD_CACHE_PLACES; i++) {
        count += (atomic_load(&cache->places[i].word) & NUMBER) != 0;
    }
    return count;
}

bool thread_cache_is_busy(const struct thread_cache *cache)
{
    for (int i = 0; i < THREAD_CACHE_PLACES; i++) {
        if (atomic_load(&cache->places[i].word) >= ONE_THREAD) {
            return true;
        }
    }
    return false;
}
