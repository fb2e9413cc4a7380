/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine of everything that is tried again: it counts the tries, borrows a connection
 * for each, waits between them without one, and knows when to stop.  It can be left and
 * resumed between any two steps, so the callback form drives it (transaction.c) and the
 * loop form is driven by its caller (loop.c).
 *
 *     conn = course_begin();
 *     while (conn != NULL) { body; course_end_body(); conn = course_begin(); }
 *     course_finish();
 */
#ifndef DSQL_TRANSACTION_COURSE_H
#define DSQL_TRANSACTION_COURSE_H

#include "base/clock.h"
#include "base/log.h"
#include "pool/pool.h"
#include "transaction/attempt.h"
#include "transaction/backoff.h"
#include "transaction/options.h"

enum course_state {
    COURSE_READY, /* no connection is held; a try may begin */
    COURSE_OPEN,  /* attempt has a connection, on which the body runs */
    COURSE_OVER   /* attempt has the outcome; no connection is held */
};

struct course {
    /* Given at the start. */
    dsql_pool *pool; /* NULL: conn is the caller's */
    PGconn *conn;    /* NULL: one of the pool for each try */
    dsql_pool *held; /* until finished the pool cannot go */
    struct transaction_settings settings;
    struct logger logger;
    const struct clock *clock;
    bool is_loop;

    enum course_state state;
    struct attempt attempt; /* this try, or the last one */
    struct backoff backoff;
    int64_t start_ms;
    int tries;
    bool has_met_new_schema; /* the first OC001 is tried again at once */
};

/** On connections of the pool, which is held until course_finish(). */
void course_start(struct course *course, dsql_pool *pool,
                  const struct transaction_settings *settings);

/** On the caller's connection, with a watch attached. */
void course_start_on(struct course *course, PGconn *conn,
                     const struct transaction_settings *settings, const struct logger *logger);

/** The connection of the next try, after BEGIN; NULL: over. */
PGconn *course_begin(struct course *course);

/** The body is done: commits what is fit for it; afterwards another try may begin, or it is over.
 */
void course_end_body(struct course *course, dsql_status status, const dsql_error *error);

/** Rolls back if a try is under way.  Over, with this status and error as the outcome. */
void course_abandon(struct course *course, dsql_status status, const dsql_error *error);

/** Lets the pool go.  The outcome, which is written to err as well unless it is DSQL_OK. */
dsql_status course_finish(struct course *course, dsql_error *err);

/* For single statements, which have no BEGIN. */

/** The next try: its connection is in course->attempt.  False: over. */
bool course_take(struct course *course);

/** The try's outcome is in course->attempt: gives back, and waits for the next one if there is. */
void course_settle(struct course *course, enum decision decision);

#endif
