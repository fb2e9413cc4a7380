/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The last step of every kind of acquire, and the two failures that all of them share. */
#include "pool/hand_out.h"

#include "base/error.h"
#include "pool/slot_connection.h"

dsql_status hand_out_fail_closed(dsql_error *err)
{
    return fail(err, DSQL_ERR_CLOSED, "the pool is closing");
}

/* The numbers tell a pool that is too small from a connection that was never released. */
dsql_status hand_out_fail_timeout(dsql_pool *pool, int timeout_ms, dsql_error *err)
{
    pool->counters.timeouts++;
    return fail(err, DSQL_ERR_TIMEOUT,
                "no connection became available within %d ms: %d of %d are in use and %d callers "
                "wait; release connections sooner or raise pool_max",
                timeout_ms, slot_count(pool, SLOT_IN_USE), pool->parts.pool.max,
                pool->waiters.count);
}

/*
 * The caller holds the lock.  The clock is not read for an acquire that has neither waited nor
 * asked the server: that would be a good part of its cost.
 */
static void note_loan(struct slot *slot, const struct loan *loan)
{
    dsql_pool *pool = slot->pool;
    int64_t start_ms = loan->start_ms >= 0 ? loan->start_ms : slot->slow_since_ms;
    bool is_watched = pool->parts.pool.leak_warn_s > 0;
    int64_t now = start_ms >= 0 || is_watched ? clock_monotonic_ms(pool->parts.clock) : 0;
    if (is_watched) {
        slot->lent_at_ms = now;
        slot->is_leak_logged = false;
        place_copy(loan->place, slot->place);
    }
    stats_note_acquired(&pool->counters, start_ms >= 0 ? now - start_ms : 0);
}

/*
 * The pool may have begun to close, or a hook may have forked, while the slot was prepared.  The
 * check and the change of state are under one lock.  Otherwise dsql_pool_close() could count the
 * slots in between.
 */
PGconn *hand_out(struct slot *slot, const struct loan *loan, dsql_error *err)
{
    dsql_pool *pool = slot->pool;
    PGconn *conn = slot->conn;
    pthread_mutex_lock(&pool->lock);
    bool is_closing = pool->is_closing;
    bool is_inherited = slot->state == SLOT_INHERITED;
    if (!is_closing && !is_inherited) {
        note_loan(slot, loan);
        slot_set_state(slot, SLOT_IN_USE);
    }
    pthread_mutex_unlock(&pool->lock);
    if (is_inherited) {
        fail(err, DSQL_ERR_USAGE, "the process forked inside a pool hook");
        return NULL;
    }
    if (is_closing) {
        slot_discard(slot);
        hand_out_fail_closed(err);
        return NULL;
    }
    return conn;
}
