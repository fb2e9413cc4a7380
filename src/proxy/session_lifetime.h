/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * When a session that has a server connection to itself gets another one: a pure function.  After
 * the lifetime another connection is requested beside the present one, and takes its place at a
 * moment at which the session may move.  If none comes, since all are in use, the present one is
 * given up first.  A session that has something that cannot be moved ends after the grace.  Nothing
 * here ends a transaction.
 */
#ifndef DSQL_PROXY_SESSION_LIFETIME_H
#define DSQL_PROXY_SESSION_LIFETIME_H

#include <stdbool.h>
#include <stdint.h>

struct session_lifetime {
    int64_t over_age_ms; /* since the end of the lifetime; negative: before it */
    int64_t grace_ms;
    bool may_move;  /* nothing is under way, and it is not pinned */
    bool is_pinned; /* it has something that another connection would not have */
};

enum session_lifetime_step {
    SESSION_LIFETIME_KEEP,
    SESSION_LIFETIME_ASK,   /* for another connection, which takes the place when it may */
    SESSION_LIFETIME_LEAVE, /* give the present connection up; the next message asks for another */
    SESSION_LIFETIME_END    /* end the session as soon as it is idle */
};

enum session_lifetime_step session_lifetime_next(const struct session_lifetime *lifetime);

/** When to ask again, if nothing happens before: in ms from now. */
int64_t session_lifetime_wake_ms(const struct session_lifetime *lifetime);

#endif
