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

/** Listens.  The listener is the caller's, zeroed, and stays in memory until on_stopped. */
dsql_status acceptor_listen(struct acceptor *acceptor, struct listener *listener,
                            const char *address, int port, dsql_error *err);

/** A listener that was opened by acceptor_listen(); no more connections come from it. */
void acceptor_close_listener(struct acceptor *acceptor, struct listener *listener);

/** After a listener could not be opened: runs the loop until nothing of the acceptor is in it. */
void acceptor_abandon(struct acceptor *acceptor);

/** Ends every session.  The listeners have been closed.  on_stopped is called from the loop. */
void acceptor_stop(struct acceptor *acceptor, void (*on_stopped)(void *arg), void *arg);

#endif
