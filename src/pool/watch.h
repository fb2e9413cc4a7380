/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The time limit of a connection in use, for the body of a transaction: whatever it waits for in
 * libpq ends then.  A thread shuts the socket down.  It must not touch the PGconn, which another
 * thread uses, and libpq may close the socket at any time, after which its number may be another
 * file's.  So a watch has a descriptor of its own for the same socket.
 *
 * A watch is part of the slot and ends with SLOT_IN_USE, so that a body that is left by longjmp()
 * leaves no pointer to a stack that is gone.
 */
#ifndef DSQL_POOL_WATCH_H
#define DSQL_POOL_WATCH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct watch {
    int socket;     /* -1: none */
    int64_t due_ms; /* monotonic */
    bool has_fired;
};

/** The thread, see watcher.c.  The pool's lock guards it. */
struct watcher {
    bool is_running; /* the other fields are valid */
    bool is_ending;
    pthread_t thread;
    pthread_cond_t has_changed;
    int64_t wakes_at_ms; /* monotonic; INT64_MIN while the thread is awake */
};

/** Ends a watch.  True: it has fired.  The pool's lock is held, or nobody else knows the slot. */
bool watch_end(struct watch *watch);

#endif
