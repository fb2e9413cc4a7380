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
    slots_update_cache(slot->pool);
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
    if (block == NULL || !conn_index_init(&block->conns, count)) {
        mem_free(block);
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
    slots_update_cache(pool);
    return true;
}

void slot_blocks_free(dsql_pool *pool)
{
    struct slot_block *block = pool->block;
    while (block != NULL) {
        struct slot_block *inherited = block->inherited;
        conn_index_clear(&block->conns);
        mem_free(block);
        block = inherited;
    }
    pool->block = NULL;
}

/* ---- The thread cache ---- */

/*
 * Not while somebody must learn of a release, which the cache would hide, and not if an acquire or
 * release has more to do than to look at the connection.
 */
static bool must_lock(const dsql_pool *pool)
{
    const struct pool_settings *settings = &pool->parts.pool;
    return pool->is_closing || pool->waiters.first != NULL || pool->connect_backoff.failures > 0 ||
           slot_is_idle_short(pool) || settings->leak_warn_s > 0 || settings->reset_on_release ||
           settings->on_acquire != NULL || settings->on_release != NULL;
}

/* A store that is sequentially consistent costs more than the test: it is rarely needed. */
void slots_update_cache(dsql_pool *pool)
{
    bool needs_lock = must_lock(pool);
    if (needs_lock != atomic_load_explicit(&pool->needs_lock, memory_order_relaxed)) {
        atomic_store(&pool->needs_lock, needs_lock);
    }
}

/* The idle slots stay in the order of their last use. */
void slot_leave_cache(struct slot *slot)
{
    struct slot_list *idle = &slot->pool->lists[SLOT_IDLE];
    unlink_slot(&slot->pool->lists[slot->state], slot);
    slot->state = SLOT_IDLE;
    struct slot *before = NULL;
    struct slot *after = idle->first;
    while (after != NULL && after->idle_since_ms > slot->idle_since_ms) {
        before = after;
        after = after->next;
    }
    if (before == NULL) {
        link_first(idle, slot);
    } else {
        slot->previous = before;
        slot->next = after;
        before->next = slot;
        if (after != NULL) {
            after->previous = slot;
        }
        idle->count++;
    }
    slots_update_cache(slot->pool);
}

void slots_gather(dsql_pool *pool)
{
    for (int place = 0; place < THREAD_CACHE_PLACES; place++) {
        int number = thread_cache_take(&pool->cache, place);
        if (number != THREAD_CACHE_NONE) {
            slot_leave_cache(&pool->block->items[number]);
        }
    }
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
    slots_gather(pool);
    struct slot *slot = pool->lists[state].first;
    if (slot != NULL) {
        slot_set_state(slot, SLOT_RESERVED);
    }
    return slot;
}

/* lent is compared, because conn belongs to the thread that has the slot. */
struct slot *slot_find_quickly(dsql_pool *pool, const PGconn *conn)
{
    int number = conn_index_find(&pool->block->conns, conn);
    struct slot *slot = number == CONN_INDEX_NONE ? NULL : &pool->block->items[number];
    bool is_lent = slot != NULL && atomic_load_explicit(&slot->lent, memory_order_relaxed) == conn;
    return is_lent ? slot : NULL;
}

/*
 * If the index does not know it, linear in the number of connections in use; it works with a
 * pointer that is not this pool's.  In a child that has not adopted the pool the list has inherited
 * slots.
 */
struct slot *slot_find_in_use(dsql_pool *pool, const PGconn *conn)
{
    struct slot *slot = slot_find_quickly(pool, conn);
    if (slot == NULL) {
        slot = pool->lists[SLOT_IN_USE].first;
    }
    while (slot != NULL && (atomic_load(&slot->lent) != conn || slot->state != SLOT_IN_USE)) {
        slot = slot->next;
    }
    return slot;
}

bool slot_end_loan(struct slot *slot, PGconn *conn)
{
    return atomic_compare_exchange_strong(&slot->lent, &conn, NULL);
}

void slot_set_conn(struct slot *slot, PGconn *conn)
{
    struct slot_block *block = slot->pool->block;
    slot->conn = conn;
    conn_index_add(&block->conns, conn, (int)(slot - block->items));
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
        (slot->state == SLOT_IN_USE && (slot_leak_due_ms(slot) < pool->wakes_at_ms ||
                                        slot_due_if_released_ms(slot) < pool->wakes_at_ms));
    if (is_due_earlier || (!pool->is_pausing && slot_is_idle_short(pool))) {
        pthread_cond_signal(&pool->has_work);
    }
}

/* ---- The queue ---- */

/* An event loop has no thread that could take a slot when it is woken. */
static bool is_handed_over(const dsql_pool *pool, const struct waiter *waiter)
{
    return waiter->wakeup != NULL ||
           clock_monotonic_ms(pool->parts.clock) - waiter->since_ms >= pool->parts.pool.overtake_ms;
}

/* Not slot_take(), which gathers: the caller has done that. */
static struct slot *reserve_available(dsql_pool *pool)
{
    struct slot *slot = pool->lists[SLOT_IDLE].first;
    slot = slot != NULL ? slot : pool->lists[SLOT_FREE].first;
    if (slot != NULL) {
        move(slot, SLOT_RESERVED);
    }
    return slot;
}

static bool is_any_available(const dsql_pool *pool)
{
    return pool->lists[SLOT_IDLE].count + pool->lists[SLOT_FREE].count > 0;
}

/*
 * A slot that comes back goes straight to the first waiter if that one has waited for overtake_ms,
 * so the longest wait is bounded.  Before, the waiter is only woken, and a thread that runs may
 * take the slot first.  Handing over each time would make each release wait until another thread
 * has been woken, which takes a hundred times as long as an acquire.
 *
 * One waiter is woken at a time.  slot_queue_take() calls this again, so that no slot is left
 * while others wait.  While the pool closes, waiters get nothing: they have been woken to fail.
 */
static void serve_waiters(dsql_pool *pool)
{
    struct waiters *waiters = &pool->waiters;
    while (waiters->first != NULL && !pool->is_closing && is_any_available(pool)) {
        if (!is_handed_over(pool, waiters->first)) {
            waiters_wake_first(waiters);
            return;
        }
        waiters_serve(waiters, reserve_available(pool));
    }
    slots_update_cache(pool);
}

/*
 * The cache is closed before it is emptied: a release either finds it closed, or has put its
 * connection there before.
 */
void slot_queue_enter(dsql_pool *pool, struct waiter *waiter)
{
    waiters_add(&pool->waiters, waiter);
    slots_update_cache(pool);
    slots_gather(pool);
    serve_waiters(pool);
}

void slot_queue_leave(dsql_pool *pool, struct waiter *waiter)
{
    waiters_remove(&pool->waiters, waiter);
    slots_update_cache(pool);
    serve_waiters(pool);
}

/* A waiter that was served has left the queue already. */
void slot_queue_take(dsql_pool *pool, struct waiter *waiter)
{
    if (waiter->slot != NULL) {
        return;
    }
    waiter->is_woken = true; /* it is awake */
    slots_gather(pool);
    serve_waiters(pool);
    if (waiter->slot == NULL && !pool->is_closing) {
        waiter->slot = reserve_available(pool);
        if (waiter->slot != NULL) {
            slot_queue_leave(pool, waiter);
        }
    }
    waiter->is_woken = false;
}

struct slot *slot_take_in_turn(dsql_pool *pool)
{
    slots_gather(pool);
    serve_waiters(pool);
    return reserve_available(pool);
}

/* ---- Changes of state ---- */

/* Somebody may wait for a slot that is idle or free. */
static void tell_of_available(dsql_pool *pool)
{
    serve_waiters(pool);
    if (pool->is_closing) {
        pthread_cond_broadcast(&pool->drain_progress);
    }
    if (pool->connect_backoff.failures > 0 && pool->lists[SLOT_IDLE].first != NULL) {
        pthread_cond_broadcast(&pool->connect_progress); /* need not wait for a new connection */
    }
}

void slots_were_gathered(dsql_pool *pool)
{
    tell_of_available(pool);
    if (pool->lists[SLOT_IDLE].first != NULL) {
        wake_maintenance(pool, pool->lists[SLOT_IDLE].first);
    }
}

void slot_set_state(struct slot *slot, enum slot_state state)
{
    dsql_pool *pool = slot->pool;
    if (slot->state == SLOT_INHERITED) {
        return; /* a hook forked, and this is the child: the slot stays out of use */
    }
    slot->slow_since_ms = -1;
    if (state == SLOT_IDLE) {
        slot->idle_since_ms = clock_coarse_ms(pool->parts.clock);
    }
    watch_end(&slot->watch); /* there is one only while it was in use */
    move(slot, state);
    atomic_store(&slot->lent, state == SLOT_IN_USE ? slot->conn : NULL);
    if (state == SLOT_IDLE || state == SLOT_FREE) {
        tell_of_available(pool);
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

int64_t slot_due_if_released_ms(const struct slot *slot)
{
    const dsql_pool *pool = slot->pool;
    int64_t now_ms = clock_coarse_ms(pool->parts.clock);
    int64_t idle_until = now_ms + (int64_t)pool->parts.pool.max_idle_s * 1000;
    if (slot->expires_ms <= now_ms) {
        return INT64_MAX;
    }
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
