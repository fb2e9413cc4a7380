/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The states of slots, and who is woken when one changes.  Locking: see slot.h. */
#include "pool/slot.h"

#include "base/memory.h"

/* ---- Lists: each slot is in the list of its state ---- */

/* Doubly linked, so a slot in the middle can be taken out: maintenance does that. */
static void unlink_slot(struct slot_list *list, struct slot *slot)
{
    if (slot->previous != NULL) {
        slot->previous->next = slot->next;
    } else {
        list->first = slot->next;
    }
    if (slot->next != NULL) {
        slot->next->previous = slot->previous;
    }
    list->count--;
}

static void link_first(struct slot_list *list, struct slot *slot)
{
    slot->previous = NULL;
    slot->next = list->first;
    if (list->first != NULL) {
        list->first->previous = slot;
    }
    list->first = slot;
    list->count++;
}

/*
 * The only place where state and list change together.  Their agreement is the invariant of this
 * file.
 */
static void move(struct slot *slot, enum slot_state state)
{
    struct slot_list *lists = slot->pool->lists;
    unlink_slot(&lists[slot->state], slot);
    slot->state = state;
    link_first(&lists[state], slot);
}

/* ---- Blocks ---- */

/*
 * The lists are emptied without touching the old slots: in a child these belong to the parent's
 * block from now on.  Linked from the last to the first, so the first slot of the block is used
 * first.
 */
bool slot_block_add(dsql_pool *pool)
{
    int count = pool->parts.pool.max;
    struct slot_block *block =
        mem_new(sizeof *block + (size_t)count * sizeof(struct slot)); /* max is bounded */
    if (block == NULL) {
        return false;
    }
    block->inherited = pool->block;
    block->count = count;
    pool->block = block;
    for (int i = 0; i < SLOT_STATES; i++) {
        pool->lists[i] = (struct slot_list){.first = NULL};
    }
    for (int i = count - 1; i >= 0; i--) {
        block->items[i].pool = pool;
        block->items[i].slow_since_ms = -1;
        block->items[i].watch.socket = -1;
        link_first(&pool->lists[SLOT_FREE], &block->items[i]);
    }
    return true;
}

void slot_blocks_free(dsql_pool *pool)
{
    struct slot_block *block = pool->block;
    while (block != NULL) {
        struct slot_block *inherited = block->inherited;
        mem_free(block);
        block = inherited;
    }
    pool->block = NULL;
}

/* ---- States ---- */

/* The slot used last comes first, so that connections not needed reach max_idle_s. */
struct slot *slot_take(dsql_pool *pool)
{
    struct slot *slot = slot_take_first(pool, SLOT_IDLE);
    return slot != NULL ? slot : slot_take_first(pool, SLOT_FREE);
}

/* Reserving is part of taking, so a slot can never be seen by two threads. */
struct slot *slot_take_first(dsql_pool *pool, enum slot_state state)
{
    struct slot *slot = pool->lists[state].first;
    if (slot != NULL) {
        slot_set_state(slot, SLOT_RESERVED);
    }
    return slot;
}

/*
 * Linear in the number of connections in use.  That is cheap beside the round trip of a release,
 * and works with a pointer that is not this pool's.  In a child that has not adopted the pool the
 * list has inherited slots.
 */
struct slot *slot_find_in_use(dsql_pool *pool, const PGconn *conn)
{
    struct slot *slot = pool->lists[SLOT_IN_USE].first;
    while (slot != NULL && (slot->conn != conn || slot->state != SLOT_IN_USE)) {
        slot = slot->next;
    }
    return slot;
}

/* Not while callers wait: a free slot is theirs, and they open its connection themselves. */
bool slot_is_idle_short(const dsql_pool *pool)
{
    return pool->parts.pool.min_idle > 0 && pool->waiters.first == NULL &&
           slot_count(pool, SLOT_IDLE) < pool->parts.pool.min_idle &&
           slot_count(pool, SLOT_FREE) > 0;
}

/*
 * Wakes the maintenance thread if it would sleep too long after this change.  INT64_MIN means
 * that the thread is awake and will look by itself.  Without this test every release would signal
 * for nothing.
 */
static void wake_maintenance(dsql_pool *pool, const struct slot *slot)
{
    if (!pool->maintenance.exists || pool->wakes_at_ms == INT64_MIN) {
        return;
    }
    bool is_due_earlier =
        (slot->state == SLOT_IDLE && slot_due_ms(slot) < pool->wakes_at_ms) ||
        (slot->state == SLOT_IN_USE && slot_leak_due_ms(slot) < pool->wakes_at_ms);
    if (is_due_earlier || (!pool->is_pausing && slot_is_idle_short(pool))) {
        pthread_cond_signal(&pool->has_work);
    }
}

/*
 * A slot that comes back goes straight to the first waiter, still reserved.  If it became idle
 * and the waiter were only woken, a thread that arrives in between could take it, and the queue
 * would not be served in order.  While the pool closes, waiters get nothing: they have been woken
 * to fail.
 */
void slot_set_state(struct slot *slot, enum slot_state state)
{
    dsql_pool *pool = slot->pool;
    if (slot->state == SLOT_INHERITED) {
        return; /* a hook forked, and this is the child: the slot stays out of use */
    }
    slot->slow_since_ms = -1;
    if (state == SLOT_IDLE) {
        slot->idle_since_ms = clock_monotonic_ms(pool->parts.clock);
    }
    watch_end(&slot->watch); /* there is one only while it was in use */
    bool is_given_back = state == SLOT_IDLE || state == SLOT_FREE;
    if (is_given_back && pool->waiters.first != NULL && !pool->is_closing) {
        move(slot, SLOT_RESERVED);
        waiters_serve(&pool->waiters, slot);
        return;
    }
    move(slot, state);
    if (is_given_back && pool->is_closing) {
        pthread_cond_broadcast(&pool->drain_progress);
    }
    if (state == SLOT_IDLE && pool->connect_backoff.failures > 0) {
        pthread_cond_broadcast(&pool->connect_progress); /* need not wait for a new connection */
    }
    wake_maintenance(pool, slot);
}

int slot_count(const dsql_pool *pool, enum slot_state state)
{
    return pool->lists[state].count;
}

/* The earlier of the two: the end of its lifetime, or of the time that it may be idle. */
int64_t slot_due_ms(const struct slot *slot)
{
    int64_t idle_until = slot->idle_since_ms + (int64_t)slot->pool->parts.pool.max_idle_s * 1000;
    return slot->expires_ms < idle_until ? slot->expires_ms : idle_until;
}

bool slot_is_overdue(const struct slot *slot, int64_t now_ms)
{
    return now_ms >= slot_due_ms(slot);
}

int64_t slot_leak_due_ms(const struct slot *slot)
{
    int leak_warn_s = slot->pool->parts.pool.leak_warn_s;
    bool is_watched = leak_warn_s > 0 && !slot->is_leak_logged;
    return is_watched ? slot->lent_at_ms + (int64_t)leak_warn_s * 1000 : INT64_MAX;
}
