/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread for each preparation: it is the slow path, and a thread costs little beside a TLS
 * handshake.  Threads of a common queue would have to be as many to open as fast.
 *
 * Each thread joins the one that ended before it, and preparation_join() joins the last one.  So
 * none is detached, and when the pool is freed none of them runs any code of the library.
 *
 * Guarded by the pool's lock: wakeup and is_done, that is, who frees the preparation.
 */
#include "pool/preparation.h"

#include "base/cancellation.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"
#include "pool/slot_connection.h"

#include <errno.h>

struct preparation {
    struct slot *slot;
    int64_t deadline_ms;
    bool is_refresh;             /* for nobody: on_acquire does not run */
    const struct wakeup *wakeup; /* NULL: nobody waits; the thread frees this */
    bool is_done;
    dsql_status status;
    dsql_error error;
};

static bool is_clean(const struct preparation *preparation)
{
    bool was_accepted =
        !preparation->is_refresh && preparation->slot->pool->parts.pool.on_acquire != NULL;
    return preparation->status == DSQL_OK && !was_accepted;
}

/*
 * For a slot that nobody waits for.  A connection that on_acquire has seen, and no caller, is
 * closed: on_release would have to run first, and could block.  A refresh ends under the lock
 * under which its slot becomes idle, or a caller in between would start another one.
 */
static void settle(struct preparation *preparation)
{
    struct slot *slot = preparation->slot;
    dsql_pool *pool = slot->pool;
    pthread_mutex_lock(&pool->lock);
    bool is_kept = is_clean(preparation) && !pool->is_closing;
    if (is_kept) {
        slot_set_state(slot, SLOT_IDLE);
    }
    pool->is_refreshing = pool->is_refreshing && !preparation->is_refresh;
    pthread_mutex_unlock(&pool->lock);
    if (!is_kept) {
        slot_discard(slot);
    }
    mem_free(preparation);
}

/* ---- The thread ---- */

static void run(struct preparation *preparation)
{
    struct slot *slot = preparation->slot;
    int64_t deadline_ms = preparation->deadline_ms;
    dsql_error *err = &preparation->error;
    if (!preparation->is_refresh) {
        preparation->status = slot_prepare(slot, deadline_ms, err);
        return;
    }
    preparation->status = slot_refresh(slot, deadline_ms, err);
    if (preparation->status != DSQL_OK) {
        log_write(&slot->pool->parts.logger, DSQL_LOG_WARN,
                  "pool: could not open a connection in the background: %s", err->message);
    }
}

/*
 * Registered before the slot is given away: preparation_join() may run from then on.  Returns the
 * thread to join.
 */
static struct thread_handle replace_last_thread(dsql_pool *pool)
{
    struct thread_handle previous = pool->last_preparation;
    pool->last_preparation = (struct thread_handle){.id = pthread_self(), .exists = true};
    return previous;
}

static void *prepare(void *arg)
{
    HOLD_CANCELLATION(); /* a hook may know this thread */
    struct preparation *preparation = arg;
    dsql_pool *pool = preparation->slot->pool;
    run(preparation);

    pthread_mutex_lock(&pool->lock);
    struct thread_handle previous = replace_last_thread(pool);
    preparation->is_done = true;
    bool is_awaited = preparation->wakeup != NULL;
    if (is_awaited) {
        wakeup_signal(preparation->wakeup);
    }
    pthread_mutex_unlock(&pool->lock);
    if (!is_awaited) {
        settle(preparation);
    }
    if (previous.exists) {
        pthread_join(previous.id, NULL);
    }
    return NULL;
}

static bool start(struct preparation *preparation, dsql_error *err)
{
    pthread_t thread;
    int rc = thread_start(&thread, prepare, preparation);
    if (rc != 0) {
        errno = rc;
        fail_errno(err, DSQL_ERR_SYSTEM, "could not start a thread to open a connection");
        mem_free(preparation);
    }
    return rc == 0;
}

/* ---- Starting and ending ---- */

static struct preparation *preparation_new(struct slot *slot, int64_t deadline_ms, dsql_error *err)
{
    struct preparation *preparation = mem_new(sizeof *preparation);
    if (preparation == NULL) {
        fail_nomem(err);
        return NULL;
    }
    preparation->slot = slot;
    preparation->deadline_ms = deadline_ms;
    return preparation;
}

struct preparation *preparation_start(struct slot *slot, int64_t deadline_ms,
                                      const struct wakeup *wakeup, dsql_error *err)
{
    struct preparation *preparation = preparation_new(slot, deadline_ms, err);
    if (preparation == NULL) {
        return NULL;
    }
    preparation->wakeup = wakeup;
    return start(preparation, err) ? preparation : NULL;
}

bool preparation_is_done(struct preparation *preparation)
{
    dsql_pool *pool = preparation->slot->pool;
    pthread_mutex_lock(&pool->lock);
    bool is_done = preparation->is_done;
    pthread_mutex_unlock(&pool->lock);
    return is_done;
}

dsql_status preparation_finish(struct preparation *preparation, dsql_error *err)
{
    dsql_status status = preparation->status;
    if (status != DSQL_OK && err != NULL) {
        *err = preparation->error;
        err->status = status;
    }
    mem_free(preparation);
    return status;
}

void preparation_abandon(struct preparation *preparation)
{
    struct slot *slot = preparation->slot;
    pthread_mutex_lock(&slot->pool->lock);
    bool is_done = preparation->is_done;
    preparation->wakeup = NULL;
    pthread_mutex_unlock(&slot->pool->lock);
    if (is_done) {
        settle(preparation);
    }
}

void preparation_forget(struct preparation *preparation)
{
    mem_free(preparation);
}

/* What cannot be started is only logged: the next call tries again. */
void preparation_refresh(struct slot *slot)
{
    dsql_pool *pool = slot->pool;
    int timeout_ms = pool->parts.pool.acquire_timeout_ms;
    int64_t deadline_ms = timeout_ms < 0 ? -1 : clock_monotonic_ms(pool->parts.clock) + timeout_ms;
    dsql_error reason = {0};
    struct preparation *preparation = preparation_new(slot, deadline_ms, &reason);
    if (preparation != NULL) {
        preparation->is_refresh = true;
    }
    if (preparation == NULL || !start(preparation, &reason)) {
        log_write(&pool->parts.logger, DSQL_LOG_WARN, "pool: %s", reason.message);
        pthread_mutex_lock(&pool->lock);
        pool->is_refreshing = false;
        pthread_mutex_unlock(&pool->lock);
        slot_discard(slot);
    }
}

void preparation_join(dsql_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    struct thread_handle last = pool->last_preparation;
    pool->last_preparation.exists = false;
    pthread_mutex_unlock(&pool->lock);
    if (last.exists) {
        pthread_join(last.id, NULL);
    }
}
