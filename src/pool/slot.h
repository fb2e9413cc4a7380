/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool's slots and its shared state, private to this folder.  This file moves slots between
 * states and wakes whoever waits for that; it never touches a connection.
 *
 * Locking: pool->lock guards everything below the line that says so.  It is held for a few
 * lines, and never while calling out (libpq, connector, hooks, log), because any of these may
 * block or call back.  A SLOT_RESERVED slot belongs to the one thread that reserved it, which
 * uses the connection without the lock.  slot->conn is set under the lock even so, because the
 * fork handler reads it.
 */
#ifndef DSQL_POOL_SLOT_H
#define DSQL_POOL_SLOT_H

#include "base/fork.h"
#include "pool/baseline.h"
#include "pool/connect_backoff.h"
#include "pool/open_rate.h"
#include "pool/parts.h"
#include "pool/place.h"
#include "pool/stats.h"
#include "pool/waiters.h"
#include "pool/watch.h"

#include <pthread.h>
#include <stdatomic.h>

enum slot_state {
    SLOT_FREE,      /* no connection; any thread may reserve it and open one */
    SLOT_IDLE,      /* a connection outside a transaction, ready to be acquired */
    SLOT_RESERVED,  /* one thread opens, checks, resets or closes the connection */
    SLOT_IN_USE,    /* the caller has the connection */
    SLOT_INHERITED, /* in a child: was in use or reserved in the parent; never used again */
    SLOT_STATES
};

/** state, the links and the times are guarded by the lock; see above for conn. */
struct slot {
    dsql_pool *pool;
    enum slot_state state;
    struct slot *previous, *next; /* in the list of its state */
    PGconn *conn;                 /* NULL when free, and while it is being opened */
    int64_t expires_ms;           /* monotonic: max_lifetime_s, less some jitter */
    int64_t idle_since_ms;        /* monotonic */
    int64_t slow_since_ms;        /* while reserved: when the acquire became slow; -1: it is not */
    struct watch watch;           /* while it is in use */
    struct baseline baseline;     /* used by the thread that has the slot reserved */

    /* While in use; guarded by the lock, and only set if leak_warn_s is. */
    int64_t lent_at_ms;     /* monotonic */
    char place[PLACE_SIZE]; /* that acquired it; "": not named */
    bool is_leak_logged;
};

/** POSIX has no value of pthread_t that means "none". */
struct thread_handle {
    pthread_t id;
    bool exists;
};

/** A stack: the slot that came last is first, so that connections not needed grow old. */
struct slot_list {
    struct slot *first;
    int count;
};

/** All slots of a pool.  A child makes a new block and keeps the parent's to recognize them. */
struct slot_block {
    struct slot_block *inherited;
    int count;
    struct slot items[];
};

struct dsql_pool {
    struct pool_parts parts; /* never changes */
    struct fork_hook fork;
    atomic_bool is_inherited; /* in a child that has not adopted the pool yet, see pool_fork.h */
    pthread_mutex_t lock;

    /* Guarded by lock from here on. */
    struct slot_block *block; /* parts.pool.max slots */
    struct slot_list lists[SLOT_STATES];
    struct waiters waiters;
    dsql_pool_stats counters; /* the totals only; current numbers are counted when asked for */
    int pins;                 /* pool_pin() minus pool_unpin() */
    bool is_closing;

    /* For connect_turn.c. */
    struct connect_backoff connect_backoff;
    dsql_error connect_failure;  /* the last one */
    uint64_t connect_rejections; /* failures that do not pass by themselves */
    pthread_cond_t connect_progress;

    pthread_cond_t drain_progress; /* while closing: a slot came back, a waiter or pin has gone */

    /* For preparation.c. */
    struct thread_handle last_preparation; /* has ended or is about to; joined by the next one */
    bool is_refreshing;                    /* a connection is prepared for nobody in particular */

    struct watcher watcher;

    /* For maintenance.c. */
    struct thread_handle maintenance;
    pthread_cond_t has_work;
    int64_t wakes_at_ms; /* monotonic; INT64_MIN while the thread is awake */
    bool is_pausing;     /* it could not open a connection and waits before the next one */
    struct open_rate open_rate;
};

/* The caller of each function holds the lock, or is the only one that knows the pool. */

/** Adds parts.pool.max free slots and makes them the pool's.  False: out of memory. */
bool slot_block_add(dsql_pool *pool);
void slot_blocks_free(dsql_pool *pool);

/** Reserves the idle slot used last, else a free one.  NULL: all are taken. */
struct slot *slot_take(dsql_pool *pool);

/** Reserves the first slot in that state.  NULL: there is none. */
struct slot *slot_take_first(dsql_pool *pool, enum slot_state state);

/** The slot in use whose connection is conn, which is compared and not touched; or NULL. */
struct slot *slot_find_in_use(dsql_pool *pool, const PGconn *conn);

/**
 * The only way from one state into another.  A slot that becomes free or idle goes to the first
 * waiter instead.  Wakes the closing thread and the maintenance thread where it concerns them.
 */
void slot_set_state(struct slot *slot, enum slot_state state);

int slot_count(const dsql_pool *pool, enum slot_state state);

/** Whether fewer connections are idle than pool_min_idle asks for, and one could be opened. */
bool slot_is_idle_short(const dsql_pool *pool);

/** Whether the connection is too old or was idle for too long. */
bool slot_is_overdue(const struct slot *slot, int64_t now_ms);

/** When it will be, on the monotonic clock. */
int64_t slot_due_ms(const struct slot *slot);

/** When a slot in use is to be logged for leak_warn_s, monotonic; INT64_MAX: never, or it was. */
int64_t slot_leak_due_ms(const struct slot *slot);

#endif
