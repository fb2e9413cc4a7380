/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Acquiring in an event loop.  A dsql_acquire waits in the same queue as threads do.  When a slot
 * is handed to it, a connection that is known to be good is returned at once; for anything that
 * may block there is preparation.c.  So no function here waits, and no hook runs in the loop.
 *
 *     QUEUED ---> SERVED ---> PREPARING ---> OVER
 *
 * The pool is pinned for as long as the object exists.  It is used by one thread, except for
 * waiter.slot, which the pool's lock guards until the waiter has left the queue.
 */
#include "base/cancellation.h"
#include "base/error.h"
#include "base/memory.h"
#include "pool/hand_out.h"
#include "pool/pool.h"
#include "pool/pool_fork.h"
#include "pool/preparation.h"
#include "pool/slot_connection.h"

#include <errno.h>
#include <limits.h>

/*
 * A preparation has the deadline of the acquire and ends with a better message than "too late",
 * which is waited for.
 */
enum { GRACE_MS = 250 };

enum acquire_state {
    ACQUIRE_QUEUED,    /* waiter is in the queue, or has been served */
    ACQUIRE_SERVED,    /* slot is reserved for this object */
    ACQUIRE_PREPARING, /* slot belongs to the preparation */
    ACQUIRE_OVER
};

struct dsql_acquire {
    dsql_pool *pool;
    const struct slot_block *block; /* the pool's in the process that has started this */
    char place[PLACE_SIZE];
    int64_t start_ms;    /* monotonic */
    int64_t deadline_ms; /* monotonic; -1: none */
    enum acquire_state state;
    struct wakeup wakeup;
    struct waiter waiter;
    struct slot *slot;
    struct preparation *preparation;
};

/* ---- Starting ---- */

/* True: served at once, queued, or the error is set.  False: a descriptor is needed first. */
static bool enter(dsql_acquire *acquire, dsql_status *status, dsql_error *err)
{
    dsql_pool *pool = acquire->pool;
    bool is_open = acquire->wakeup.ends[0] >= 0;
    bool is_decided = true;
    pthread_mutex_lock(&pool->lock);
    if (pool->is_closing) {
        *status = hand_out_fail_closed(err);
    } else {
        acquire->slot = slot_take_in_turn(pool);
        is_decided = acquire->slot != NULL || is_open;
        if (acquire->slot == NULL && is_open) {
            acquire->waiter.wakeup = &acquire->wakeup;
            slot_queue_enter(pool, &acquire->waiter);
        }
    }
    if (is_decided && *status == DSQL_OK) {
        acquire->state = acquire->slot != NULL ? ACQUIRE_SERVED : ACQUIRE_QUEUED;
        acquire->block = pool->block;
        pool->pins++;
    }
    pthread_mutex_unlock(&pool->lock);
    return is_decided;
}

static dsql_status open_descriptor(dsql_acquire *acquire, dsql_error *err)
{
    return wakeup_open(&acquire->wakeup)
               ? DSQL_OK
               : fail_errno(err, DSQL_ERR_SYSTEM, "could not open a descriptor to wait with");
}

static dsql_status start(dsql_acquire *acquire, dsql_error *err)
{
    dsql_status status = DSQL_OK;
    while (status == DSQL_OK && !enter(acquire, &status, err)) {
        status = open_descriptor(acquire, err);
    }
    return status;
}

dsql_acquire *dsql_pool_acquire_start(dsql_pool *pool, const char *place, dsql_error *err)
{
    HOLD_CANCELLATION();
    if (pool == NULL) {
        fail(err, DSQL_ERR_USAGE, "dsql_pool_acquire_start(): pool must not be NULL");
        return NULL;
    }
    dsql_acquire *acquire = pool_fork_adopt(pool) ? mem_new(sizeof *acquire) : NULL;
    if (acquire == NULL) {
        fail_nomem(err);
        return NULL;
    }
    int timeout_ms = pool->parts.pool.acquire_timeout_ms;
    acquire->pool = pool;
    acquire->wakeup = (struct wakeup)WAKEUP_NONE;
    acquire->start_ms = clock_monotonic_ms(pool->parts.clock);
    acquire->deadline_ms = timeout_ms < 0 ? -1 : acquire->start_ms + timeout_ms;
    place_copy(place, acquire->place);
    if (start(acquire, err) != DSQL_OK) {
        wakeup_close(&acquire->wakeup);
        mem_free(acquire);
        return NULL;
    }
    return acquire;
}

/* ---- Polling ---- */

static PostgresPollingStatusType end(dsql_acquire *acquire, const PGconn *conn)
{
    acquire->state = ACQUIRE_OVER;
    return conn != NULL ? PGRES_POLLING_OK : PGRES_POLLING_FAILED;
}

static PostgresPollingStatusType hand_out_to(dsql_acquire *acquire, PGconn **conn, dsql_error *err)
{
    const struct loan loan = {.place = acquire->place, .start_ms = acquire->start_ms};
    *conn = hand_out(acquire->slot, &loan, err);
    return end(acquire, *conn);
}

static bool is_late(const dsql_acquire *acquire, int64_t grace_ms)
{
    return acquire->deadline_ms >= 0 &&
           clock_monotonic_ms(acquire->pool->parts.clock) >= acquire->deadline_ms + grace_ms;
}

/* The caller holds the lock.  A slot that was handed over at the last moment is taken. */
static dsql_status leave_queue(dsql_acquire *acquire, dsql_error *err)
{
    dsql_pool *pool = acquire->pool;
    dsql_status status = DSQL_OK;
    if (pool->is_closing) {
        status = hand_out_fail_closed(err);
    } else if (is_late(acquire, 0)) {
        status = hand_out_fail_timeout(pool, pool->parts.pool.acquire_timeout_ms, err);
    }
    if (status != DSQL_OK) {
        slot_queue_leave(pool, &acquire->waiter);
    }
    return status;
}

static PostgresPollingStatusType poll_queue(dsql_acquire *acquire, dsql_error *err)
{
    dsql_status status = DSQL_OK;
    pthread_mutex_lock(&acquire->pool->lock);
    acquire->slot = acquire->waiter.slot;
    if (acquire->slot == NULL) {
        status = leave_queue(acquire, err);
    }
    pthread_mutex_unlock(&acquire->pool->lock);
    if (status != DSQL_OK) {
        return end(acquire, NULL);
    }
    if (acquire->slot != NULL) {
        acquire->state = ACQUIRE_SERVED;
    }
    return PGRES_POLLING_READING;
}

/* on_acquire may block, so it makes every acquire a preparation. */
static bool is_ready(const struct slot *slot)
{
    const struct pool_parts *parts = &slot->pool->parts;
    return parts->pool.on_acquire == NULL &&
           slot_look(slot, clock_monotonic_ms(parts->clock)) == HEALTH_GOOD;
}

static PostgresPollingStatusType poll_served(dsql_acquire *acquire, PGconn **conn, dsql_error *err)
{
    if (is_ready(acquire->slot)) {
        return hand_out_to(acquire, conn, err);
    }
    dsql_status status = open_descriptor(acquire, err);
    if (status == DSQL_OK) {
        acquire->preparation =
            preparation_start(acquire->slot, acquire->deadline_ms, &acquire->wakeup, err);
    }
    if (acquire->preparation == NULL) {
        slot_discard(acquire->slot);
        return end(acquire, NULL);
    }
    acquire->state = ACQUIRE_PREPARING;
    return PGRES_POLLING_READING;
}

static PostgresPollingStatusType poll_preparation(dsql_acquire *acquire, PGconn **conn,
                                                  dsql_error *err)
{
    if (preparation_is_done(acquire->preparation)) {
        if (preparation_finish(acquire->preparation, err) == DSQL_OK) {
            return hand_out_to(acquire, conn, err);
        }
        slot_discard(acquire->slot);
        return end(acquire, NULL);
    }
    if (!is_late(acquire, GRACE_MS)) {
        return PGRES_POLLING_READING;
    }
    preparation_abandon(acquire->preparation);
    fail(err, DSQL_ERR_TIMEOUT,
         "no connection was opened within %d ms; the lookup of the host name, fetching "
         "credentials or a hook of the pool takes too long",
         acquire->pool->parts.pool.acquire_timeout_ms);
    return end(acquire, NULL);
}

/* In a child the queue is empty and no thread prepares anything. */
static bool is_of_this_process(const dsql_acquire *acquire)
{
    dsql_pool *pool = acquire->pool;
    bool is_adopted = pool_fork_adopt(pool);
    pthread_mutex_lock(&pool->lock);
    bool is_same = acquire->block == pool->block;
    pthread_mutex_unlock(&pool->lock);
    return is_adopted && is_same;
}

/* A queued object that has been served goes on at once: nothing would wake it for that. */
PostgresPollingStatusType dsql_acquire_poll(dsql_acquire *acquire, PGconn **conn, dsql_error *err)
{
    HOLD_CANCELLATION();
    if (acquire == NULL || conn == NULL || acquire->state == ACQUIRE_OVER) {
        fail(err, DSQL_ERR_USAGE,
             "dsql_acquire_poll(): acquire and conn must not be NULL, and it must not be called "
             "again after PGRES_POLLING_OK or PGRES_POLLING_FAILED");
        return PGRES_POLLING_FAILED;
    }
    *conn = NULL;
    if (!is_of_this_process(acquire)) {
        fail(err, DSQL_ERR_USAGE, "the process forked after dsql_pool_acquire_start()");
        return PGRES_POLLING_FAILED;
    }
    wakeup_clear(&acquire->wakeup);
    PostgresPollingStatusType status = PGRES_POLLING_READING;
    if (acquire->state == ACQUIRE_QUEUED) {
        status = poll_queue(acquire, err);
    } else if (acquire->state == ACQUIRE_PREPARING) {
        return poll_preparation(acquire, conn, err);
    }
    return acquire->state == ACQUIRE_SERVED ? poll_served(acquire, conn, err) : status;
}

int dsql_acquire_socket(const dsql_acquire *acquire)
{
    return acquire == NULL ? -1 : acquire->wakeup.ends[0];
}

int dsql_acquire_wait_ms(const dsql_acquire *acquire)
{
    if (acquire == NULL || acquire->deadline_ms < 0) {
        return -1;
    }
    int64_t grace_ms = acquire->state == ACQUIRE_PREPARING ? GRACE_MS : 0;
    int64_t left_ms =
        acquire->deadline_ms + grace_ms - clock_monotonic_ms(acquire->pool->parts.clock);
    if (left_ms <= 0 || acquire->state == ACQUIRE_SERVED || acquire->state == ACQUIRE_OVER) {
        return 0;
    }
    return left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

/* ---- Ending ---- */

/* Nothing has looked at the slot's connection, so it is as good as it was in the queue. */
static void give_back(struct slot *slot)
{
    dsql_pool *pool = slot->pool;
    pthread_mutex_lock(&pool->lock);
    bool is_kept = slot->conn != NULL && !pool->is_closing;
    int64_t idle_since_ms = slot->idle_since_ms;
    if (is_kept) {
        slot_set_state(slot, SLOT_IDLE);
        slot->idle_since_ms = idle_since_ms; /* a check that is due stays due */
    }
    pthread_mutex_unlock(&pool->lock);
    if (!is_kept) {
        slot_discard(slot);
    }
}

static void cancel(dsql_acquire *acquire)
{
    dsql_pool *pool = acquire->pool;
    if (acquire->state == ACQUIRE_QUEUED) {
        pthread_mutex_lock(&pool->lock);
        acquire->slot = acquire->waiter.slot;
        if (acquire->slot == NULL) {
            slot_queue_leave(pool, &acquire->waiter);
        }
        pthread_mutex_unlock(&pool->lock);
    }
    if (acquire->state == ACQUIRE_PREPARING) {
        preparation_abandon(acquire->preparation);
    } else if (acquire->state != ACQUIRE_OVER && acquire->slot != NULL) {
        give_back(acquire->slot);
    }
    pool_unpin(pool);
}

/* errno is kept, as callers may free while they handle a failure. */
void dsql_acquire_free(dsql_acquire *acquire)
{
    HOLD_CANCELLATION();
    if (acquire == NULL) {
        return;
    }
    int os_errno = errno;
    if (is_of_this_process(acquire)) {
        cancel(acquire);
    } else if (acquire->state == ACQUIRE_PREPARING) {
        preparation_forget(acquire->preparation);
    }
    wakeup_close(&acquire->wakeup);
    mem_free(acquire);
    errno = os_errno;
}
