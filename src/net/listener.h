/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A listening TCP socket in the event loop.  It accepts nothing itself: see stream_accept(). */
#ifndef DSQL_NET_LISTENER_H
#define DSQL_NET_LISTENER_H

#include <dsql.h>

#include <stdbool.h>
#include <uv.h>

struct listener {
    uv_tcp_t tcp;
    void (*on_connection)(void *arg, uv_stream_t *server);
    void (*on_closed)(void *arg);
    void *arg;
    bool is_open;
};

/** address is a numeric IP address; port 0 means any free port. */
dsql_status listener_open(struct listener *listener, uv_loop_t *loop, const char *address, int port,
                          dsql_error *err);
/** The port in use; -1 if it is not known. */
int listener_port(const struct listener *listener);
/** Calls on_closed from the loop, then the memory may go.  Ignored if it is not open. */
void listener_close(struct listener *listener);

#endif
