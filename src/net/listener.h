/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A listening TCP socket in the event loop. */
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

/** address is an IP address in digits; port 0 takes any free one. */
dsql_status listener_open(struct listener *listener, uv_loop_t *loop, const char *address, int port,
                          dsql_error *err);
/** -1 when it cannot be asked. */
int listener_port(const struct listener *listener);
/** Does nothing to one that is not open; else calls on_closed from the loop. */
void listener_close(struct listener *listener);

#endif
