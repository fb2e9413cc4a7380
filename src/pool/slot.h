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
 *
 * A connection that was released a moment ago may be in the thread cache (fast_path.h).  Its slot
 * stays SLOT_IN_USE, with lent NULL, until slots_gather() makes it idle.  So whatever looks at the
 * idle slots gathers first; taking one does.
 */
#ifndef DSQL_POOL_SLOT_H
#define DSQL_POOL_SLOT_H

#include "base/fork.h"
#include "pool/baseline.h"
#include "pool/conn_index.h"
#include "pool/connect_backoff.h"
#include "pool/open_rate.h"
#include "pool/parts.h"
#include "pool/place.h"
#include "pool/stats.h"
#include "pool/thread_cache.h"
#include "pool/waiters.h"
#include "pool/watch.h"

#include <pthread.h>
#include <stdatomic.h>

enum slot_state {
    SLOT_FREE,      /* no connection; any thread may reserve it and open one */
    SLOT_IDLE,      /* a connection outside a transaction, ready to be acquired */
    SLOT_RESERVED,  /* one thread opens, checks, resets or closes the connection */
    SLOT_IN_USE,    /* the caller has the connection, or the thread cache has it */
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
    _Atomic(PGconn *) lent;       /* conn while a caller has it, or NULL; see slot_end_loan() */
    atomic_ullong reused;         /* how often it was acquired from the thread cache */
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
    struct conn_index conns;
    int count;
    struct slot items[];
};

struct dsql_pool {
    struct pool_parts parts; /* never changes */
    struct fork_hook fork;
    atomic_bool is_inherited; /* in a child that has not adopted the pool yet, see pool_fork.h */
    atomic_bool needs_lock;   /* the thread cache must not be used now; see slots_update_cache() */
    struct slot_block *block; /* parts.pool.max slots; changes only while needs_lock is set */
    struct thread_cache cache;
    pthread_mutex_t lock;

    /* Guarded by lock from here on. */
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

/**
 * Decides whether callers may use the thread cache.  To be called after a change of is_closing,
 * the waiters or the back-off; a change of a slot's state does it itself.  If the cache was in use,
 * slots_gather() follows before the caller relies on the idle slots.
 */
void slots_update_cache(dsql_pool *pool);

/** Makes the connections in the thread cache idle ones. */
void slots_gather(dsql_pool *pool);

/** A slot from the thread cache becomes idle, since the time that it was released. */
void slot_leave_cache(struct slot *slot);

/** To be called after slot_leave_cache() or slots_gather(): wakes those who wait for a slot. */
void slots_were_gathered(dsql_pool *pool);

/** Reserves the idle slot used last, else a free one.  NULL: all are taken. */
struct slot *slot_take(dsql_pool *pool);

/** Reserves the first slot in that state.  NULL: there is none. */
struct slot *slot_take_first(dsql_pool *pool, enum slot_state state);

/** The slot in use whose connection is conn, which is compared and not touched; or NULL. */
struct slot *slot_find_in_use(dsql_pool *pool, const PGconn *conn);

/** The same without the lock, which is not needed.  NULL: there may be one even so. */
struct slot *slot_find_quickly(dsql_pool *pool, const PGconn *conn);

/**
 * A caller returns its connection.  True: the slot, which stays in use, belongs to the calling
 * thread now.  False: it was returned already.  Without the lock or with it.
 */
bool slot_end_loan(struct slot *slot, PGconn *conn);

/** Sets the connection of a reserved slot; it can be found in use from then on. */
void slot_set_conn(struct slot *slot, PGconn *conn);

/* ---- The queue ---- */

/** Adds a waiter, to whom slots are handed over.  A slot may be handed to it at once. */
void slot_queue_enter(dsql_pool *pool, struct waiter *waiter);

/** For one whom no slot was handed to. */
void slot_queue_leave(dsql_pool *pool, struct waiter *waiter);

/**
 * A thread in the queue takes a slot, if there is one; the queue is left then.  To be called before
 * the first wait and after each one: while a thread is awake, nobody wakes it.
 */
void slot_queue_take(dsql_pool *pool, struct waiter *waiter);

/** For a caller that is not in the queue.  NULL: it has to wait there. */
struct slot *slot_take_in_turn(dsql_pool *pool);

/**
 * The only way from one state into another.  A slot that becomes free or idle is handed to the
 * first waiter instead, if that one has waited for long.  Wakes the closing thread and the
 * maintenance thread where it concerns them.
 */
void slot_set_state(struct slot *slot, enum slot_state state);

int slot_count(const dsql_pool *pool, enum slot_state state);

/** Whether fewer connections are idle than pool_min_idle asks for, and one could be opened. */
bool slot_is_idle_short(const dsql_pool *pool);

/** Whether the connection is too old or was idle for too long. */
bool slot_is_overdue(const struct slot *slot, int64_t now_ms);

/** When it will be, on the monotonic clock. */
int64_t slot_due_ms(const struct slot *slot);

/** When it may be, for a slot in use, if it is released now; INT64_MAX: then it is closed. */
int64_t slot_due_if_released_ms(const struct slot *slot);

/** When a slot in use is to be logged for leak_warn_s, monotonic; INT64_MAX: never, or it was. */
int64_t slot_leak_due_ms(const struct slot *slot);

#endif
