/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See place.h. */
#include "pool/slot.h"

#include "base/memory.h"
#include "pool/maintenance.h"

/* ---- Lists: each place stands in the one of its state ---- */

static void unlink_place(struct place_list *list, struct place *place)
{
    if (place->previous != NULL) {
        place->previous->next = place->next;
    } else {
        list->first = place->next;
    }
    if (place->next != NULL) {
        place->next->previous = place->previous;
    }
    list->count--;
}

static void link_first(struct place_list *list, struct place *place)
{
    place->previous = NULL;
    place->next = list->first;
    if (list->first != NULL) {
        list->first->previous = place;
    }
    list->first = place;
    list->count++;
}

static void move(struct place *place, enum place_state state)
{
    struct place_list *lists = place->pool->lists;
    unlink_place(&lists[place->state], place);
    place->state = state;
    link_first(&lists[state], place);
}

/* ---- Blocks ---- */

bool place_block_add(dsql_pool *pool)
{
    int count = pool->parts.pool.max;
    struct place_block *block =
        mem_new(sizeof *block + (size_t)count * sizeof(struct place)); /* max is bounded */
    if (block == NULL) {
        return false;
    }
    block->inherited = pool->block;
    block->count = count;
    pool->block = block;
    for (int i = 0; i < PLACE_STATES; i++) {
        pool->lists[i] = (struct place_list){.first = NULL};
    }
    for (int i = count - 1; i >= 0; i--) {
        block->items[i].pool = pool;
        link_first(&pool->lists[PLACE_FREE], &block->items[i]);
    }
    return true;
}

void place_blocks_free(dsql_pool *pool)
{
    struct place_block *block = pool->block;
    while (block != NULL) {
        struct place_block *inherited = block->inherited;
        mem_free(block);
        block = inherited;
    }
    pool->block = NULL;
}

/* ---- States ---- */

/* The warmest first, so that those not needed grow old and go. */
struct place *place_take(dsql_pool *pool)
{
    struct place *place = place_take_first(pool, PLACE_IDLE);
    return place != NULL ? place : place_take_first(pool, PLACE_FREE);
}

struct place *place_take_first(dsql_pool *pool, enum place_state state)
{
    struct place *place = pool->lists[state].first;
    if (place != NULL) {
        place_change(place, PLACE_HELD);
    }
    return place;
}

struct place *place_find_lent(dsql_pool *pool, const PGconn *conn)
{
    struct place *place = pool->lists[PLACE_LENT].first;
    while (place != NULL && place->conn != conn) {
        place = place->next;
    }
    return place;
}

void place_change(struct place *place, enum place_state state)
{
    dsql_pool *pool = place->pool;
    if (place->state == PLACE_LEFT_BEHIND) {
        return; /* a hook forked, and this is the child */
    }
    if (state == PLACE_IDLE) {
        place->idle_since_ms = clock_monotonic_ms(pool->parts.clock);
    }
    bool is_given_back = state == PLACE_IDLE || state == PLACE_FREE;
    if (is_given_back && pool->waiters.first != NULL && !pool->is_closing) {
        move(place, PLACE_HELD);
        waiters_serve(&pool->waiters, place);
        return;
    }
    move(place, state);
    if (is_given_back && pool->is_closing) {
        pthread_cond_broadcast(&pool->is_quieter);
    }
    maintenance_notice(pool, place);
}

int place_count(const dsql_pool *pool, enum place_state state)
{
    return pool->lists[state].count;
}

int64_t place_due_ms(const struct place *place)
{
    int64_t idle_until = place->idle_since_ms + (int64_t)place->pool->parts.pool.max_idle_s * 1000;
    return place->expires_ms < idle_until ? place->expires_ms : idle_until;
}

bool place_is_overdue(const struct place *place, int64_t now_ms)
{
    return now_ms >= place_due_ms(place);
}
