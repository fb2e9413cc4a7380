/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Acquiring without a wait.  What would need one, a check that is due or a new connection, is done
 * in the background for the next call, so that a program which never waits gets one in the end.
 * One at a time, or each call of a busy program would open another connection.
 */
#include "base/cancellation.h"
#include "base/error.h"
#include "pool/hand_out.h"
#include "pool/pool_fork.h"
#include "pool/preparation.h"
#include "pool/slot_connection.h"

/* The caller holds the lock. */
static dsql_status fail_none_idle(const dsql_pool *pool, dsql_error *err)
{
    return fail(err, DSQL_ERR_TIMEOUT,
                "no connection is ready: %d of %d are in use; try again later, or wait with "
                "dsql_pool_acquire()",
                slot_count(pool, SLOT_IN_USE), pool->parts.pool.max);
}

/*
 * Sets *is_due if the slot is not to be used but to be refreshed.  The first idle slot was used
 * last: if a check of that one is due, it is for the others too.
 */
static struct slot *take(dsql_pool *pool, int64_t now_ms, bool *is_due)
{
    slots_gather(pool);
    struct slot *idle = pool->lists[SLOT_IDLE].first;
    *is_due = idle == NULL || slot_is_check_due(idle, now_ms);
    if (!*is_due) {
        return slot_take_first(pool, SLOT_IDLE);
    }
    if (pool->is_refreshing) {
        return NULL;
    }
    struct slot *slot = slot_take(pool);
    pool->is_refreshing = slot != NULL;
    return slot;
}

static struct slot *take_ready(dsql_pool *pool, int64_t now_ms, dsql_error *err)
{
    bool is_due = false;
    struct slot *slot = NULL;
    pthread_mutex_lock(&pool->lock);
    if (pool->is_closing) {
        hand_out_fail_closed(err);
    } else {
        slot = take(pool, now_ms, &is_due);
        if (is_due) {
            fail_none_idle(pool, err);
        }
    }
    pthread_mutex_unlock(&pool->lock);
    if (slot != NULL && is_due) {
        preparation_refresh(slot);
        return NULL;
    }
    return slot;
}

/* The server has sent something unasked.  If another slot is being refreshed, this one is closed.
 */
static void refresh_or_discard(struct slot *slot)
{
    dsql_pool *pool = slot->pool;
    pthread_mutex_lock(&pool->lock);
    bool is_possible = !pool->is_refreshing;
    pool->is_refreshing = true;
    pthread_mutex_unlock(&pool->lock);
    if (is_possible) {
        preparation_refresh(slot);
    } else {
        slot_discard(slot);
    }
}

/* Each turn takes one slot from the idle ones, so the loop ends. */
static struct slot *find(dsql_pool *pool, dsql_error *err)
{
    int64_t now_ms = clock_monotonic_ms(pool->parts.clock);
    struct slot *slot = take_ready(pool, now_ms, err);
    while (slot != NULL) {
        switch (slot_look(slot, now_ms)) {
        case HEALTH_GOOD:
            return slot;
        case HEALTH_UNSURE:
            refresh_or_discard(slot);
            break;
        case HEALTH_LOST:
        default:
            slot_close_unusable(slot, now_ms);
            slot_discard(slot);
        }
        slot = take_ready(pool, now_ms, err);
    }
    return NULL;
}

PGconn *dsql_pool_try_acquire(dsql_pool *pool, const char *place, dsql_error *err)
{
    HOLD_CANCELLATION();
    if (pool == NULL) {
        fail(err, DSQL_ERR_USAGE, "dsql_pool_try_acquire(): pool must not be NULL");
        return NULL;
    }
    if (!pool_fork_adopt(pool)) {
        fail_nomem(err);
        return NULL;
    }
    struct slot *slot = find(pool, err);
    if (slot == NULL) {
        return NULL;
    }
    if (slot_accept(slot, err) != DSQL_OK) {
        slot_discard(slot);
        return NULL;
    }
    const struct loan loan = {.place = place, .start_ms = -1};
    return hand_out(slot, &loan, err);
}
