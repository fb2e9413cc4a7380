/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The listeners of a program, its clients, and how all of them end.  Stopping takes several turns
 * of the loop: first listeners and clients are closed, then each reports that it is gone, and the
 * last one calls on_stopped().
 */
#ifndef DSQL_SESSION_ACCEPTOR_H
#define DSQL_SESSION_ACCEPTOR_H

#include "net/listener.h"
#include "session/capacity.h"
#include "session/client_shared.h"

#include <dsql.h>

#include <uv.h>

/** Must stay where it is, and in memory until on_stopped. */
struct acceptor {
    struct session_shared shared;
    uv_timer_t trim;
    int gone_count; /* clients, since memory was last given back */
    int closing_handles;
    bool is_stopping;
    void (*on_stopped)(void *arg);
    void *on_stopped_arg;
};

/** The caller has set what the clients share, up to login_timeout_ms; shared.tls may follow. */
void acceptor_init(struct acceptor *acceptor, const struct capacity *capacity);

/** One listener.  All zero before it is opened; it stays in memory until on_stopped. */
struct acceptor_entry {
    struct listener listener;
    struct acceptor *acceptor;
    const void *place; /* what its clients are given as came_to; the caller sets it before */
};

/** As listener_open(), listener_open_unix() and listener_adopt(). */
dsql_status acceptor_listen(struct acceptor *acceptor, struct acceptor_entry *entry,
                            const char *address, int port, dsql_error *err);
dsql_status acceptor_listen_unix(struct acceptor *acceptor, struct acceptor_entry *entry,
                                 const char *path, dsql_error *err);
dsql_status acceptor_adopt(struct acceptor *acceptor, struct acceptor_entry *entry, int fd,
                           dsql_error *err);

/** No more connections come from it.  Ignored if it is not open. */
void acceptor_close_entry(struct acceptor *acceptor, struct acceptor_entry *entry);

/** After a failed start, with all entries closed: runs the loop until nothing of the acceptor is in
 * it. */
void acceptor_abandon(struct acceptor *acceptor);

/** Ends every session.  The entries have been closed.  on_stopped is called from the loop. */
void acceptor_stop(struct acceptor *acceptor, void (*on_stopped)(void *arg), void *arg);

/** The same for a program that ends the sessions itself, or with session_stop_all() later. */
void acceptor_drain(struct acceptor *acceptor, void (*on_stopped)(void *arg), void *arg);

#endif
