/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine behind everything that is retried.  It counts the attempts, acquires a connection
 * for each, waits between them without one, and decides when to stop.  It can be left and resumed
 * between any two steps: transaction.c drives it around a callback, and the caller of
 * transaction_loop.c drives it from a loop of its own.
 *
 *     conn = retry_loop_begin();
 *     while (conn != NULL) { body; retry_loop_end_body(); conn = retry_loop_begin(); }
 *     retry_loop_finish();
 *
 * It does not know what a conflict is: attempt.c observes, decide.c decides.
 */
#ifndef DSQL_TRANSACTION_RETRY_LOOP_H
#define DSQL_TRANSACTION_RETRY_LOOP_H

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "pool/pool.h"
#include "transaction/attempt.h"
#include "transaction/options.h"

enum retry_loop_state {
    RETRY_LOOP_READY, /* no connection; an attempt may begin */
    RETRY_LOOP_OPEN,  /* attempt has a connection, on which the body runs */
    RETRY_LOOP_OVER   /* attempt has the outcome; no connection */
};

struct retry_loop {
    /* Set at the start. */
    dsql_pool *pool;        /* NULL: conn is the caller's */
    PGconn *conn;           /* NULL: each attempt acquires one from the pool */
    dsql_pool *pinned_pool; /* not freed before retry_loop_finish() */
    struct transaction_settings settings;
    struct logger logger;
    const struct clock *clock;
    bool is_loop_form;

    enum retry_loop_state state;
    struct attempt attempt; /* the current one, or the last */
    struct backoff backoff;
    int64_t start_ms; /* monotonic */
    int attempts;
    bool has_retried_new_schema; /* only the first OC001 is retried without a wait */
};

/** On connections of the pool, which is pinned until retry_loop_finish(). */
void retry_loop_start(struct retry_loop *loop, dsql_pool *pool,
                      const struct transaction_settings *settings);

/** On the caller's connection, which has connection events attached. */
void retry_loop_start_on(struct retry_loop *loop, PGconn *conn,
                         const struct transaction_settings *settings, const struct logger *logger);

/** The connection of the next attempt, after BEGIN.  NULL: over. */
PGconn *retry_loop_begin(struct retry_loop *loop);

/** After the body: commits if possible.  Then the next attempt may begin, or the loop is over. */
void retry_loop_end_body(struct retry_loop *loop, dsql_status status, const dsql_error *error);

/** Rolls an open attempt back and ends the loop with this outcome. */
void retry_loop_abandon(struct retry_loop *loop, dsql_status status, const dsql_error *error);

/** Unpins the pool and returns the outcome, which is also written to err unless it is DSQL_OK. */
dsql_status retry_loop_finish(struct retry_loop *loop, dsql_error *err);

/* For single statements, which have no BEGIN. */

/** Starts the next attempt; its connection is in loop->attempt.  False: over. */
bool retry_loop_take(struct retry_loop *loop);

/** The attempt is done: releases the connection, and waits if another attempt follows. */
void retry_loop_settle(struct retry_loop *loop, enum decision decision);

#endif
