/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine of everything that is tried again: it counts the tries, borrows a connection
 * for each, waits between them without one, and knows when to stop.  It can be left and
 * resumed between any two steps, so the callback form drives it (transaction.c) and the
 * loop form is driven by its caller (loop.c).
 *
 *     conn = retry_loop_begin();
 *     while (conn != NULL) { body; retry_loop_end_body(); conn = retry_loop_begin(); }
 *     retry_loop_finish();
 */
#ifndef DSQL_TRANSACTION_RETRY_LOOP_H
#define DSQL_TRANSACTION_RETRY_LOOP_H

#include "base/clock.h"
#include "base/log.h"
#include "pool/pool.h"
#include "transaction/attempt.h"
#include "transaction/backoff.h"
#include "transaction/options.h"

enum retry_loop_state {
    RETRY_LOOP_READY, /* no connection is held; a try may begin */
    RETRY_LOOP_OPEN,  /* attempt has a connection, on which the body runs */
    RETRY_LOOP_OVER   /* attempt has the outcome; no connection is held */
};

struct retry_loop {
    /* Given at the start. */
    dsql_pool *pool;        /* NULL: conn is the caller's */
    PGconn *conn;           /* NULL: one of the pool for each try */
    dsql_pool *pinned_pool; /* until finished the pool cannot go */
    struct transaction_settings settings;
    struct logger logger;
    const struct clock *clock;
    bool is_loop_form;

    enum retry_loop_state state;
    struct attempt attempt; /* this try, or the last one */
    struct backoff backoff;
    int64_t start_ms;
    int attempts;
    bool has_retried_new_schema; /* the first OC001 is tried again at once */
};

/** On connections of the pool, which is held until retry_loop_finish(). */
void retry_loop_start(struct retry_loop *loop, dsql_pool *pool,
                      const struct transaction_settings *settings);

/** On the caller's connection, with a watch attached. */
void retry_loop_start_on(struct retry_loop *loop, PGconn *conn,
                         const struct transaction_settings *settings, const struct logger *logger);

/** The connection of the next try, after BEGIN; NULL: over. */
PGconn *retry_loop_begin(struct retry_loop *loop);

/** The body is done: commits what is fit for it; afterwards another try may begin, or it is over.
 */
void retry_loop_end_body(struct retry_loop *loop, dsql_status status, const dsql_error *error);

/** Rolls back if a try is under way.  Over, with this status and error as the outcome. */
void retry_loop_abandon(struct retry_loop *loop, dsql_status status, const dsql_error *error);

/** Lets the pool go.  The outcome, which is written to err as well unless it is DSQL_OK. */
dsql_status retry_loop_finish(struct retry_loop *loop, dsql_error *err);

/* For single statements, which have no BEGIN. */

/** The next try: its connection is in loop->attempt.  False: over. */
bool retry_loop_take(struct retry_loop *loop);

/** The try's outcome is in loop->attempt: gives back, and waits for the next one if there is. */
void retry_loop_settle(struct retry_loop *loop, enum decision decision);

#endif
