/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "net/service_sockets.h"

#include "base/error.h"
#include "base/text.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

/* The names are separated by ':' and belong to the descriptors in order; some may be missing. */
static void take_name(struct text *names, struct service_socket *out)
{
    struct text name;
    struct text rest;
    if (!text_cut(*names, ':', &name, &rest)) {
        name = *names;
        rest = text_of(NULL);
    }
    text_copy(name, out->name, sizeof out->name); /* one that does not fit is not known */
    *names = rest;
}

static bool get_option(int fd, int option, int *out)
{
    socklen_t size = sizeof *out;
    return getsockopt(fd, SOL_SOCKET, option, out, &size) == 0;
}

/* Another kind of descriptor would fail later, at each connection, without an explanation. */
static dsql_status take_one(int fd, struct service_socket *out, dsql_error *err)
{
    int type = 0;
    int listens = 0;
    out->fd = fd;
    if (!get_option(fd, SO_TYPE, &type) || !get_option(fd, SO_ACCEPTCONN, &listens) ||
        !get_option(fd, SO_DOMAIN, &out->family) || type != SOCK_STREAM || listens == 0) {
        return fail(err, DSQL_ERR_USAGE,
                    "descriptor %d, passed by the service manager, is not a listening stream "
                    "socket. Use ListenStream= and Accept=no",
                    fd);
    }
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not prepare descriptor %d", fd);
    }
    return DSQL_OK;
}

dsql_status service_sockets_take(struct service_sockets *taken,
                                 const struct service_variables *variables, int first,
                                 dsql_error *err)
{
    int64_t pid = 0;
    int64_t count = 0;
    *taken = (struct service_sockets){0};
    /* LISTEN_PID keeps a program from taking descriptors that were meant for its parent. */
    if (!text_to_int64(text_of(variables->listen_pid), 1, INT_MAX, &pid) || pid != getpid()) {
        return DSQL_OK;
    }
    if (!text_to_int64(text_of(variables->listen_fds), 0, SERVICE_SOCKETS_MAX, &count)) {
        return fail(
            err, DSQL_ERR_USAGE, "invalid LISTEN_FDS \"%.20s\": it must be a number from 0 to %d",
            variables->listen_fds == NULL ? "" : variables->listen_fds, SERVICE_SOCKETS_MAX);
    }
    struct text names = text_of(variables->listen_fdnames);
    dsql_status status = DSQL_OK;
    for (int i = 0; status == DSQL_OK && i < (int)count; i++) {
        take_name(&names, &taken->sockets[i]);
        status = take_one(first + i, &taken->sockets[i], err);
    }
    taken->count = status == DSQL_OK ? (int)count : 0;
    return status;
}
