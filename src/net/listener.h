/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A listening TCP or Unix socket in the event loop.  It accepts nothing itself: see
 * stream_accept(). */
#ifndef DSQL_NET_LISTENER_H
#define DSQL_NET_LISTENER_H

#include <dsql.h>

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/** on_connection, on_closed, arg and accepts_in_turn are set before listener_open(). */
struct listener {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    uv_timer_t again;
    /** Accepts the connection that waits and returns 0, or after how many ms to ask again. */
    int64_t (*on_connection)(void *arg, uv_stream_t *server);
    void (*on_closed)(void *arg);
    void *arg;
    int accepts_in_turn; /* of the loop; the others get theirs in the next */
    int accept_count;    /* in the turn that began at turn_ms */
    uint64_t turn_ms;
    int open_handles;
    bool is_open;
};

/** address is a numeric IP address; port 0 means any free port. */
dsql_status listener_open(struct listener *listener, uv_loop_t *loop, const char *address, int port,
                          dsql_error *err);
/**
 * Listens on a Unix socket, which only this user may connect to (mode 0600).  A socket that a
 * program has left there is replaced; one that still accepts is not.  The file is removed with the
 * listener.
 */
dsql_status listener_open_unix(struct listener *listener, uv_loop_t *loop, const char *path,
                               dsql_error *err);
/**
 * Listens on a socket that is bound already, for example one of service_sockets.h: TCP or Unix.
 * The listener owns fd from the call on, also after a failure; otherwise as listener_open().
 */
dsql_status listener_adopt(struct listener *listener, uv_loop_t *loop, int fd, dsql_error *err);
/** The TCP port in use; -1 if it is not known. */
int listener_port(const struct listener *listener);
/** Calls on_closed from the loop, then the memory may go.  Ignored if it is not open. */
void listener_close(struct listener *listener);

#endif
