/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The handle is part of struct listener, not allocated, so the owner's memory must live until
 * on_closed.  Errors of single connections are ignored: the next one may succeed, and a client
 * whose connection failed knows it.
 */
#include "net/listener.h"

#include "base/error.h"
#include "base/text.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * Connections that wait to be accepted; the burst of the service is 1000, and a flood should not
 * fill the queue.  The kernel silently lowers this to net.core.somaxconn (4096 by default since
 * Linux 5.4).
 */
enum { BACKLOG = 4096 };

/* An address of either family, without casts between them. */
union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage storage;
};

/*
 * Names are not resolved: "localhost" could be one address or two, and a lookup may block the
 * loop.
 */
static bool read_address(const char *text, int port, union address *out)
{
    memset(out, 0, sizeof *out);
    return uv_ip4_addr(text, port, &out->v4) == 0 || uv_ip6_addr(text, port, &out->v6) == 0;
}

static void on_again(uv_timer_t *timer);

/* libuv waits for uv_accept() after a callback without it, and does not listen until then. */
static void accept_one(struct listener *listener)
{
    listener->accept_count++;
    int64_t delay_ms = listener->on_connection(listener->arg, &listener->uv.stream);
    if (delay_ms > 0) {
        uv_timer_start(&listener->again, on_again, (uint64_t)delay_ms, 0);
    }
}

static void on_again(uv_timer_t *timer)
{
    struct listener *listener = timer->data;
    listener->accept_count = 0;
    accept_one(listener);
}

/* Two turns within a millisecond count as one, which a timer of 0 ms then ends. */
static bool is_turn_over(struct listener *listener)
{
    uint64_t now_ms = uv_now(listener->uv.handle.loop);
    if (now_ms != listener->turn_ms) {
        listener->turn_ms = now_ms;
        listener->accept_count = 0;
    }
    return listener->accept_count >= listener->accepts_in_turn;
}

/*
 * libuv accepts all that waits before it looks at any other socket; with many new connections
 * those that are logging in would stand still.  A failure (status below 0) concerns one
 * connection, for instance when the process has no free file descriptor: libuv has then closed it
 * with the help of a spare one.  The listener stays open.
 */
static void on_waiting(uv_stream_t *server, int status)
{
    struct listener *listener = server->data;
    if (status != 0) {
        return;
    }
    if (is_turn_over(listener)) {
        uv_timer_start(&listener->again, on_again, 0, 0);
        return;
    }
    accept_one(listener);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct listener *listener = handle->data;
    listener->open_handles--;
    if (listener->open_handles == 0) {
        listener->on_closed(listener->arg);
    }
}

/* uv_close() is asynchronous: the listener must stay in memory until on_closed. */
void listener_close(struct listener *listener)
{
    if (listener->is_open) {
        listener->is_open = false;
        uv_close(&listener->uv.handle, on_handle_closed);
        uv_close((uv_handle_t *)&listener->again, on_handle_closed);
    }
}

/*
 * After a failure the handle may already belong to the loop.  It is closed asynchronously then,
 * and the caller must run the loop until on_closed before it frees the memory.
 */
static dsql_status init_handles(struct listener *listener, uv_loop_t *loop, bool is_unix,
                                dsql_error *err)
{
    int result =
        is_unix ? uv_pipe_init(loop, &listener->uv.pipe, 0) : uv_tcp_init(loop, &listener->uv.tcp);
    if (result != 0) {
        return fail_nomem(err);
    }
    uv_timer_init(loop, &listener->again);
    listener->uv.handle.data = listener;
    listener->again.data = listener;
    listener->open_handles = 2;
    listener->is_open = true;
    return DSQL_OK;
}

static int begin_listening(struct listener *listener)
{
    return uv_listen(&listener->uv.stream, BACKLOG, on_waiting);
}

dsql_status listener_open(struct listener *listener, uv_loop_t *loop, const char *address, int port,
                          dsql_error *err)
{
    union address where;
    if (!read_address(address, port, &where)) {
        return fail(err, DSQL_ERR_USAGE,
                    "invalid listen address \"%s\": it must be a numeric IP address", address);
    }
    if (init_handles(listener, loop, false, err) != DSQL_OK) {
        return DSQL_ERR_NOMEM;
    }
    /* IPv6 only, so that 127.0.0.1 and ::1 can have the same port in two listeners. */
    unsigned flags = where.any.sa_family == AF_INET6 ? UV_TCP_IPV6ONLY : 0;
    int result = uv_tcp_bind(&listener->uv.tcp, &where.any, flags);
    if (result == 0) {
        result = begin_listening(listener);
    }
    if (result != 0) {
        listener_close(listener);
        return fail(err, DSQL_ERR_CONNECT, "could not listen on %s port %d: %s", address, port,
                    uv_strerror(result));
    }
    return DSQL_OK;
}

/* ---- Unix sockets ------------------------------------------------------ */

/*
 * Whether the path is free, if need be after removing what a program that was killed has left.
 * Only a socket is removed.
 */
static dsql_status make_free(const char *path, dsql_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!text_copy(text_of(path), address.sun_path, sizeof address.sun_path)) {
        return fail(err, DSQL_ERR_USAGE,
                    "the path of the socket is longer than %d bytes: %s. Use a shorter directory",
                    (int)sizeof address.sun_path - 1, path);
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not make a socket");
    }
    int result = connect(fd, (const struct sockaddr *)&address, sizeof address);
    int reason = result == 0 ? 0 : errno;
    close(fd);
    if (result == 0 || reason == EAGAIN) {
        return fail(err, DSQL_ERR_SYSTEM, "another program already listens on \"%s\"", path);
    }
    if (reason == ECONNREFUSED && unlink(path) != 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not remove the old socket \"%s\"", path);
    }
    return DSQL_OK;
}

/* No moment passes in which another user could connect. */
static int bind_for_owner(struct listener *listener, const char *path)
{
    mode_t mask = umask(S_IXUSR | S_IRWXG | S_IRWXO);
    int result = uv_pipe_bind(&listener->uv.pipe, path);
    umask(mask);
    return result;
}

dsql_status listener_open_unix(struct listener *listener, uv_loop_t *loop, const char *path,
                               dsql_error *err)
{
    dsql_status status = make_free(path, err);
    if (status != DSQL_OK) {
        return status;
    }
    if (init_handles(listener, loop, true, err) != DSQL_OK) {
        return DSQL_ERR_NOMEM;
    }
    int result = bind_for_owner(listener, path);
    if (result == 0) {
        result = begin_listening(listener);
    }
    if (result != 0) {
        listener_close(listener);
        return fail(err, DSQL_ERR_CONNECT, "could not listen on \"%s\": %s", path,
                    uv_strerror(result));
    }
    return DSQL_OK;
}

/* ---- Sockets of others ------------------------------------------------- */

/* AF_UNSPEC for what is not a socket. */
static int family_of(int fd)
{
    int family = AF_UNSPEC;
    socklen_t size = sizeof family;
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 ? family : AF_UNSPEC;
}

/* uv_tcp_open() takes sockets of every family, and a TCP handle of another one fails later. */
static int open_handle(struct listener *listener, int fd, int family)
{
    switch (family) {
    case AF_UNIX:
        return uv_pipe_open(&listener->uv.pipe, fd);
    case AF_INET:
    case AF_INET6:
        return uv_tcp_open(&listener->uv.tcp, fd);
    default:
        return UV_ENOTSUP;
    }
}

/* Until libuv has opened it, nobody else closes the descriptor. */
dsql_status listener_adopt(struct listener *listener, uv_loop_t *loop, int fd, dsql_error *err)
{
    int family = family_of(fd);
    if (init_handles(listener, loop, family == AF_UNIX, err) != DSQL_OK) {
        close(fd);
        return DSQL_ERR_NOMEM;
    }
    int result = open_handle(listener, fd, family);
    if (result != 0) {
        close(fd);
    } else {
        result = begin_listening(listener);
    }
    if (result != 0) {
        listener_close(listener);
        return fail(err, DSQL_ERR_CONNECT, "could not listen on descriptor %d: %s", fd,
                    uv_strerror(result));
    }
    return DSQL_OK;
}

int listener_port(const struct listener *listener)
{
    union address where;
    int size = sizeof where;
    if (uv_tcp_getsockname(&listener->uv.tcp, &where.any, &size) != 0) {
        return -1;
    }
    return ntohs(where.any.sa_family == AF_INET6 ? where.v6.sin6_port : where.v4.sin_port);
}
