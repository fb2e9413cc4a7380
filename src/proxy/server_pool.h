/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Which server connection is lent to which client, and when one is opened or closed: the accounting
 * of a pool for one cluster, role and database.  It holds no connection and no clock.  The owner
 * reports what has happened, and then does what server_pool_next() says until that is nothing:
 *
 *   - clients get a connection in the order in which they came, until their deadline;
 *   - the most recently used connection is lent first, so that those not needed become idle for
 *     long, and are closed;
 *   - a connection that was returned after its lifetime is closed, and replaced before if some are
 *     to be kept ready;
 *   - one that was idle for long must be checked before it is lent;
 *   - after a connect that failed, as for a role that the cluster refuses, none is kept ready until
 *     one that a client waits for has succeeded.
 *
 * How fast connections are opened is not decided here: see cluster.h.
 */
#ifndef DSQL_PROXY_SERVER_POOL_H
#define DSQL_PROXY_SERVER_POOL_H

#include "base/random.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** All times in ms. */
struct server_pool_limits {
    size_t max;               /* connections, whatever they do */
    size_t min_idle;          /* kept ready */
    int64_t lifetime_ms;      /* less up to a tenth at random */
    int64_t idle_ms;          /* after which those beyond min_idle are closed */
    int64_t check_idle_ms;    /* after which one is checked before it is lent */
    int64_t replace_ahead_ms; /* one with less to live does not count as ready */
    const struct random_source *random;
};

enum pooled_server_state {
    POOLED_NONE,       /* not in the pool: before server_pool_open(), and after its end */
    POOLED_CONNECTING, /* being opened */
    POOLED_IDLE,
    POOLED_LENT,
    POOLED_CLOSING /* the owner is to close it, or has been told to */
};

/** A connection's place in the accounting.  A part of its owner; all zero: none. */
struct pooled_server {
    enum pooled_server_state state;
    int64_t expires_ms;
    int64_t idle_since_ms;
    struct pooled_server *older; /* among the idle ones, by their last use */
    struct pooled_server *newer;
};

/** A client that waits.  A part of its owner; all zero: it does not wait. */
struct pool_waiter {
    bool is_waiting;
    int64_t deadline_ms;
    struct pool_waiter *previous;
    struct pool_waiter *next;
};

struct server_pool {
    struct server_pool_limits limits;
    bool is_closing; /* nothing is opened, and what is idle is closed */
    bool has_failed; /* the last connect: none is opened until a client waits */
    size_t connecting;
    size_t idle;
    size_t lent;
    size_t closing;
    size_t waiting;
    struct pooled_server *oldest; /* idle */
    struct pooled_server *newest;
    struct pool_waiter *first;
    struct pool_waiter *last;
    int64_t next_deadline_ms; /* no deadline is earlier than this ... */
    int64_t next_expiry_ms;   /* ... and no idle connection expires earlier than this */
};

void server_pool_init(struct server_pool *pool, const struct server_pool_limits *limits);

/* ---- What has happened ---- */

void server_pool_wait(struct server_pool *pool, struct pool_waiter *waiter, int64_t deadline_ms);
/** It does not want one any more.  Does nothing if it does not wait. */
void server_pool_leave(struct server_pool *pool, struct pool_waiter *waiter);

/** The owner begins to open one, as it was told. */
void server_pool_open(struct server_pool *pool, struct pooled_server *server);
/** It is open. */
void server_pool_opened(struct server_pool *pool, struct pooled_server *server, int64_t now_ms);
/** It was lent, and is not any more.  is_usable: it can be lent again. */
void server_pool_return(struct server_pool *pool, struct pooled_server *server, bool is_usable,
                        int64_t now_ms);
/** It has ended or could not be opened, in whatever state it was. */
void server_pool_gone(struct server_pool *pool, struct pooled_server *server);

/** Another pool needs the place: closes the idle one that was used least recently.  NULL: none. */
struct pooled_server *server_pool_reclaim(struct server_pool *pool);

/* ---- What is to be done ---- */

enum server_pool_action {
    SERVER_POOL_NOTHING,
    SERVER_POOL_LEND,  /* server, to waiter; is_unchecked: see there */
    SERVER_POOL_OPEN,  /* call server_pool_open(), or nothing if it cannot be done now */
    SERVER_POOL_CLOSE, /* server, and report server_pool_gone() */
    SERVER_POOL_EXPIRE /* waiter: its deadline has passed; it does not wait any more */
};

struct server_pool_step {
    enum server_pool_action action;
    struct pooled_server *server;
    struct pool_waiter *waiter;
    bool is_unchecked; /* it was idle for long: make sure that it answers first */
};

struct server_pool_step server_pool_next(struct server_pool *pool, int64_t now_ms);

/** When server_pool_next() may have something to do although nothing happens, or earlier;
   INT64_MAX: never. */
int64_t server_pool_wake_ms(const struct server_pool *pool, int64_t now_ms);

#endif
