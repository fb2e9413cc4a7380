/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool's places, and its state, known to the files of this folder only.
 *
 * Locking: the pool's lock guards everything below the line that says so, and is
 * never held while calling out (libpq, connector, callbacks, log).  A place that
 * is SLOT_RESERVED belongs to the one thread that took it, which may then use its
 * connection without the lock; it sets slot->conn with the lock held all the same,
 * because a fork looks at it.
 */
#ifndef DSQL_POOL_SLOT_H
#define DSQL_POOL_SLOT_H

#include "base/fork.h"
#include "pool/open_rate.h"
#include "pool/pool.h"
#include "pool/waiters.h"

#include <pthread.h>
#include <stdatomic.h>

enum slot_state {
    SLOT_FREE,      /* no connection; anybody may take it and open one */
    SLOT_IDLE,      /* a connection outside any transaction, waiting to be lent */
    SLOT_RESERVED,  /* one thread opens, looks at, tidies or closes the connection */
    SLOT_IN_USE,    /* the caller has the connection */
    SLOT_INHERITED, /* lent or held when the program forked, and we are the child */
    SLOT_STATES
};

struct slot {
    dsql_pool *pool;
    enum slot_state state;
    struct slot *previous, *next; /* in the list of its state */
    PGconn *conn;                 /* NULL when free, and while being opened */
    int64_t expires_ms;
    int64_t idle_since_ms;
};

/** The last one to come stands first. */
struct slot_list {
    struct slot *first;
    int count;
};

/** All places of a pool.  A child has new ones, and keeps those of its parent to know them. */
struct slot_block {
    struct slot_block *inherited;
    int count;
    struct slot items[];
};

struct dsql_pool {
    struct pool_parts parts; /* never changes */
    struct fork_hook fork;
    atomic_bool is_inherited; /* a child that has not settled yet, see inherit.h */
    pthread_mutex_t lock;

    /* Guarded by lock from here on. */
    struct slot_block *block; /* parts.pool.max places */
    struct slot_list lists[SLOT_STATES];
    struct waiters waiters;
    dsql_pool_stats counters; /* without the numbers that are counted when asked for */
    int pins;                 /* pool_pin() less pool_unpin() */
    bool is_closing;
    pthread_cond_t drain_progress; /* for closing: a place is given back, a waiter has gone */

    /* Maintenance; see maintenance.c. */
    bool is_maintained;
    pthread_t maintenance_thread;
    pthread_cond_t has_work;
    int64_t wakes_at_ms;
    bool is_pausing; /* could not open one, and does not ask again at once */
    struct open_rate open_rate;
};

/** New free places beside those the pool has.  With the lock held.  False: out of memory. */
bool slot_block_add(dsql_pool *pool);
void slot_blocks_free(dsql_pool *pool);

/* With the lock held. */

/** The connection last used, or else a free place: now held.  NULL when all are taken. */
struct slot *slot_take(dsql_pool *pool);

/** The first in that state, now held; NULL when there is none. */
struct slot *slot_take_first(dsql_pool *pool, enum slot_state state);

/** The place whose connection is lent, or NULL: conn is compared, not touched. */
struct slot *slot_find_in_use(dsql_pool *pool, const PGconn *conn);

/** The only way from one state into another; wakes whoever has waited for it. */
void slot_set_state(struct slot *slot, enum slot_state state);

int slot_count(const dsql_pool *pool, enum slot_state state);

/** Old or idle for too long. */
bool slot_is_overdue(const struct slot *slot, int64_t now_ms);

/** When it will be. */
int64_t slot_due_ms(const struct slot *slot);

#endif
