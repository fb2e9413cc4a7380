/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The maintenance thread.  It holds the lock except while it opens or closes a connection.  It
 * works in rounds: close what is overdue, warn of what was lent for too long, open what is missing,
 * sleep until the next thing is due.  slot.c wakes it when a change makes something due earlier.
 *
 * The thread must not use a connection in a state other than SLOT_RESERVED, and must look at
 * is_closing after each time that it had released the lock.
 */
#include "pool/maintenance.h"

#include "base/cancellation.h"
#include "base/condition.h"
#include "base/error.h"
#include "base/log.h"
#include "base/thread.h"
#include "pool/slot_connection.h"

#include <errno.h>
#include <string.h>

/*
 * A cluster that cannot be reached is asked again after 1 s, 2 s and so on.  Callers are not
 * affected by these pauses: they open connections themselves, see connect_turn.h.
 */
enum { FIRST_PAUSE_MS = 1000, LONGEST_PAUSE_MS = 30000 };

/* All slots of a state are looked at, as they are ordered by their last use and not by their age.
 */
static int64_t first_of(const dsql_pool *pool, enum slot_state state,
                        int64_t (*due_ms)(const struct slot *slot))
{
    int64_t first = INT64_MAX;
    const struct slot *slot = pool->lists[state].first;
    while (slot != NULL) {
        int64_t due = due_ms(slot);
        first = due < first ? due : first;
        slot = slot->next;
    }
    return first;
}

/* A connection in use may go to the thread cache, and nothing wakes this thread then. */
static int64_t first_due_ms(const dsql_pool *pool)
{
    int64_t idle = first_of(pool, SLOT_IDLE, slot_due_ms);
    int64_t in_use = first_of(pool, SLOT_IN_USE, slot_due_if_released_ms);
    idle = in_use < idle ? in_use : idle;
    int64_t lent = pool->parts.pool.leak_warn_s > 0 ? first_of(pool, SLOT_IN_USE, slot_leak_due_ms)
                                                    : INT64_MAX;
    return idle < lent ? idle : lent;
}

/* Reserved under the lock, so no caller can acquire it between the decision and the close. */
static struct slot *take_overdue(dsql_pool *pool)
{
    int64_t now = clock_monotonic_ms(pool->parts.clock);
    slots_gather(pool);
    struct slot *slot = pool->lists[SLOT_IDLE].first;
    while (slot != NULL && !slot_is_overdue(slot, now)) {
        slot = slot->next;
    }
    if (slot != NULL) {
        slot_set_state(slot, SLOT_RESERVED);
    }
    return slot;
}

/*
 * One at a time and from the beginning again: while the lock was released, the list may have
 * changed.
 */
static void close_overdue(dsql_pool *pool)
{
    struct slot *slot = take_overdue(pool);
    while (slot != NULL) {
        pthread_mutex_unlock(&pool->lock);
        slot_discard(slot);
        pthread_mutex_lock(&pool->lock);
        slot = take_overdue(pool);
    }
}

/* Marks the connection as logged, so that each is logged once while it is in use. */
static bool take_leak(dsql_pool *pool, char place[PLACE_SIZE])
{
    int64_t now = clock_monotonic_ms(pool->parts.clock);
    struct slot *slot = pool->lists[SLOT_IN_USE].first;
    while (slot != NULL && slot_leak_due_ms(slot) > now) {
        slot = slot->next;
    }
    if (slot == NULL) {
        return false;
    }
    slot->is_leak_logged = true;
    pool->counters.leaks++;
    memcpy(place, slot->place, PLACE_SIZE);
    return true;
}

/* One at a time, as the log may take long and runs without the lock. */
static void warn_of_leaks(dsql_pool *pool)
{
    char place[PLACE_SIZE];
    while (pool->parts.pool.leak_warn_s > 0 && take_leak(pool, place)) {
        pthread_mutex_unlock(&pool->lock);
        bool is_named = place[0] != '\0';
        log_write(&pool->parts.logger, DSQL_LOG_WARN,
                  "pool: a connection that was acquired at %s has been in use for more than %d s; "
                  "release it when it is no longer needed",
                  is_named ? place : "an unnamed place (see dsql_pool_acquire_at())",
                  pool->parts.pool.leak_warn_s);
        pthread_mutex_lock(&pool->lock);
    }
}

/*
 * False: the connection could not be opened.  The failure is logged and not kept: a caller who
 * needs a connection meets the same one with its own error.
 */
static bool open_one(dsql_pool *pool, const struct connect_turn *turn)
{
    struct slot *slot = slot_take_first(pool, SLOT_FREE);
    if (slot == NULL) {
        return true;
    }
    pthread_mutex_unlock(&pool->lock);
    dsql_error reason = {0};
    dsql_status status = slot_open_as(slot, turn, -1, &reason);
    if (status != DSQL_OK) {
        log_write(&pool->parts.logger, DSQL_LOG_WARN,
                  "pool: could not open an idle connection in the background: %s", reason.message);
    }
    pthread_mutex_lock(&pool->lock);
    if (pool->is_closing) {
        pthread_mutex_unlock(&pool->lock);
        slot_discard(slot);
        pthread_mutex_lock(&pool->lock);
        return true;
    }
    slot_set_state(slot, status == DSQL_OK ? SLOT_IDLE : SLOT_FREE);
    return status == DSQL_OK;
}

/*
 * Opens connections up to pool_min_idle.  Returns how long to pause before the next one: the open
 * rate's wait, or after a failure 1 s, doubled up to 30 s.  0: none is needed.  The condition is
 * asked again for each connection, since callers release and acquire meanwhile.
 */
static int64_t open_idle(dsql_pool *pool, int64_t last_pause_ms)
{
    while (slot_is_idle_short(pool) && !pool->is_closing) {
        slots_gather(pool);
        if (!slot_is_idle_short(pool)) {
            return 0;
        }
        int64_t too_early_ms =
            open_rate_take(&pool->open_rate, clock_monotonic_ms(pool->parts.clock));
        if (too_early_ms > 0) {
            return too_early_ms;
        }
        struct connect_turn turn = {.pool = pool};
        int64_t wait_ms = connect_backoff_begin(
            &pool->connect_backoff, clock_monotonic_ms(pool->parts.clock), &turn.is_probe);
        if (wait_ms != 0) {
            return wait_ms == CONNECT_BACKOFF_PROBING ? FIRST_PAUSE_MS : wait_ms;
        }
        if (!open_one(pool, &turn)) {
            int64_t pause_ms = last_pause_ms < FIRST_PAUSE_MS ? FIRST_PAUSE_MS : last_pause_ms * 2;
            return pause_ms > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : pause_ms;
        }
    }
    return 0;
}

/*
 * Waits until a connection is due, slot.c reports a change, or the pause ends.  wakes_at_ms and
 * is_pausing are for slot.c: they say until when this thread sleeps, and whether it would open a
 * connection if it were woken.
 */
static void sleep_until_work(dsql_pool *pool, int64_t pause_ms)
{
    int64_t now = clock_monotonic_ms(pool->parts.clock);
    pool->wakes_at_ms = first_due_ms(pool);
    pool->is_pausing = pause_ms > 0;
    if (pause_ms > 0 && pool->wakes_at_ms > now + pause_ms) {
        pool->wakes_at_ms = now + pause_ms;
    }
    if (pool->wakes_at_ms == INT64_MAX) {
        condition_wait(&pool->has_work, &pool->lock, NULL);
    } else {
        struct timespec until = condition_deadline(pool->wakes_at_ms - now);
        condition_wait(&pool->has_work, &pool->lock, &until);
    }
    pool->wakes_at_ms = INT64_MIN; /* awake: slot.c need not signal */
}

/*
 * Connections go through the same functions as a caller's, so hooks run on this thread too
 * (dsql.h says so).
 */
static void *maintain(void *arg)
{
    HOLD_CANCELLATION(); /* a hook may know this thread */
    dsql_pool *pool = arg;
    int64_t pause_ms = 0;
    pthread_mutex_lock(&pool->lock);
    while (!pool->is_closing) {
        close_overdue(pool);
        warn_of_leaks(pool);
        pause_ms = open_idle(pool, pause_ms);
        if (!pool->is_closing) {
            sleep_until_work(pool, pause_ms);
        }
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

dsql_status maintenance_start(dsql_pool *pool, dsql_error *err)
{
    const struct pool_settings *settings = &pool->parts.pool;
    bool is_needed =
        settings->min_idle > 0 || settings->max_idle_s > 0 || settings->leak_warn_s > 0;
    if (!is_needed || pool->is_closing) {
        return DSQL_OK;
    }
    int rc = thread_start(&pool->maintenance.id, maintain, pool);
    if (rc != 0) {
        errno = rc;
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not start the pool's maintenance thread");
    }
    pool->maintenance.exists = true;
    return DSQL_OK;
}

/* The lock must not be held: the thread needs it to see is_closing. */
void maintenance_join(dsql_pool *pool)
{
    if (pool->maintenance.exists) {
        pthread_join(pool->maintenance.id, NULL);
        pool->maintenance.exists = false;
    }
}
