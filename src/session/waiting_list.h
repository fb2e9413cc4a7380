/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that have not logged in, in a list for each stage of a login.  When a list is full, its
 * oldest client makes room: one that only waits is older than one that goes on.  Clients that stop
 * at a stage, however many, take the place of none that has come further.
 */
#ifndef DSQL_SESSION_WAITING_LIST_H
#define DSQL_SESSION_WAITING_LIST_H

#include <stdbool.h>
#include <stdint.h>

enum waiting_stage {
    WAITING_SILENT,   /* nothing has come from it */
    WAITING_STARTED,  /* something has, but no whole ClientHello */
    WAITING_TLS,      /* it has a TLS session, but has not sent a valid startup message */
    WAITING_PASSWORD, /* it was admitted, and asked for its password */
    WAITING_CANCEL,   /* it has asked for a cancellation, which is on its way */
    WAITING_STAGES,
    WAITING_EARLY_STAGES = WAITING_PASSWORD /* those before the password */
};

struct session_client;

/** A client's place in a list, or in none.  It is a part of the client. */
struct waiting {
    struct session_client *client;
    struct waiting_list *list; /* NULL: in none */
    struct waiting *older;
    struct waiting *newer;
    int64_t since_ms;
};

struct waiting_list {
    struct waiting *oldest;
    struct waiting *newest;
    int count;
    int max;
};

/** Leaves its list, and becomes the newest of this one.  now_ms: by the monotonic clock. */
void waiting_enter(struct waiting *waiting, struct waiting_list *list, int64_t now_ms);

/** Does nothing if it is in no list. */
void waiting_leave(struct waiting *waiting);

/** Whether the oldest must leave. */
bool waiting_list_is_over(const struct waiting_list *list);

/** How long until one more may enter so that the oldest will have waited for least_ms; 0: now. */
int64_t waiting_list_delay_ms(const struct waiting_list *list, int64_t least_ms, int64_t now_ms);

#endif
