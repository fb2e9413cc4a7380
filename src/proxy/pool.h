/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The server connections of one role and database.
 * Opens them through the cluster, lends them as server_pool.h says, and looks after those that are
 * idle.  Knows no sessions: whoever has asked gets a connection, or hears why not.
 */
#ifndef DSQL_PROXY_POOL_H
#define DSQL_PROXY_POOL_H

#include "proxy/cluster.h"
#include "proxy/server_pool.h"
#include "proxy/transaction_link.h"

/** What the pools of a cluster have in common.  Belongs to their owner. */
struct pool_group {
    struct cluster *cluster;
    uv_loop_t *loop;
    bool is_closing;
    void (*on_change)(struct pool_group *group); /* connections or those that wait have changed */
    void (*on_closed)(struct pool_group *group); /* one of the pools; see pool_close() */
};

struct pool {
    struct pool_group *group;
    struct pool *next; /* of the group; belongs to the owner */
    struct server_pool accounting;
    struct transaction_pool transactions;
    struct buf startup; /* its key, and what its connections begin with */
    struct buf greeting;
    enum token_action action;
    struct pooled *first;
    struct pooled *dead;
    uv_timer_t timer;
    int64_t timer_ms;  /* when it fires; INT64_MAX: it does not */
    size_t shown_idle; /* as the counters have it */
    bool is_pumping;
};

/** One server connection of a pool. */
struct pooled {
    struct pooled_server accounting; /* the first, see pool.c */
    struct transaction_server transaction;
    struct pool *pool;
    struct server *server; /* NULL before it is open, and after its end */
    struct server_request request;
    struct buf in;                    /* what the server has sent and was not taken yet */
    const struct pool_events *events; /* of whom it is lent to ... */
    void *arg;                        /* ... and their arg; NULL: it is not lent */
    struct pooled *next;
    struct pooled *previous;
    int cancels;       /* requests on their way that mean whoever has it */
    bool is_returning; /* it is free when these have arrived */
    bool is_over;      /* its memory goes in a later turn of the loop */
};

/** All are called from the loop. */
struct pool_events {
    void (*on_lent)(void *arg, struct pooled *pooled, bool is_unchecked);
    void (*on_expired)(void *arg);
    void (*on_failed)(void *arg, const struct server_failure *failure);
    /* While it is lent: */
    void (*on_data)(void *arg, struct text bytes);
    void (*on_end)(void *arg); /* the connection has ended; pool_return() it */
    void (*on_drain)(void *arg);
};

/** A part of its owner. */
struct pool_request {
    struct pool_waiter waiter; /* the first, see pool.c */
    const struct pool_events *events;
    void *arg;
};

/** startup: the message that its connections begin with.  NULL: no memory. */
struct pool *pool_new(struct pool_group *group, struct text startup, enum token_action action,
                      const struct server_pool_limits *limits);
/** Nothing is lent and nobody waits.  group->on_closed is called from the loop; then pool_free().
 */
void pool_close(struct pool *pool);
void pool_free(struct pool *pool);

/** Looks at this time, by the monotonic clock, what is to be done. */
void pool_wake(struct pool *pool, int64_t at_ms);

/** Closes the idle connection that was used least recently.  False: there is none. */
bool pool_reclaim(struct pool *pool);

/** What a client is told at its login, without key and ReadyForQuery; empty: nothing is known yet,
    before a connection was open. */
struct text pool_greeting(const struct pool *pool);
struct transaction_pool *pool_transactions(struct pool *pool);

/** One of on_lent, on_expired and on_failed follows, perhaps at once. */
void pool_request(struct pool *pool, struct pool_request *request, int64_t deadline_ms);
/** Does nothing if it does not wait. */
void pool_withdraw(struct pool *pool, struct pool_request *request);

/** It was lent, and transaction_take_back() has said whether it is usable. */
void pool_return(struct pooled *pooled, bool is_usable);

/** The same for one that nobody else may use, although it is in order. */
void pool_retire(struct pooled *pooled);

/** A cancel request for its session begins, and has arrived: until then nobody else gets it. */
void pooled_hold(struct pooled *pooled);
void pooled_unhold(struct pooled *pooled);

#endif
