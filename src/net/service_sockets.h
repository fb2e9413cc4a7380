/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Socket activation: listening sockets that a service manager has opened and passes on,
 * sd_listen_fds(3) without libsystemd.  listener_adopt() accepts connections from one.
 *
 * This module does not read the environment.  The caller passes the values, and removes the
 * variables LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES from the environment of its children.
 */
#ifndef DSQL_NET_SERVICE_SOCKETS_H
#define DSQL_NET_SERVICE_SOCKETS_H

#include <dsql.h>

enum {
    SERVICE_SOCKETS_FIRST = 3, /* the descriptor of the first socket, by convention */
    SERVICE_SOCKETS_MAX = 16,
    SERVICE_SOCKET_NAME_SIZE = 64
};

struct service_socket {
    int fd;                              /* close-on-exec and not blocking */
    int family;                          /* AF_INET, AF_INET6 or AF_UNIX */
    char name[SERVICE_SOCKET_NAME_SIZE]; /* FileDescriptorName= of the unit; "" if not known */
};

struct service_sockets {
    struct service_socket sockets[SERVICE_SOCKETS_MAX];
    int count; /* 0: none were passed to this process */
};

/* The values of the environment variables; NULL if one is not set. */
struct service_variables {
    const char *listen_pid;
    const char *listen_fds;
    const char *listen_fdnames;
};

/**
 * Takes the sockets that were passed to this process; the caller owns the descriptors.  Variables
 * for another process are not an error: a parent has left them.  first: SERVICE_SOCKETS_FIRST,
 * except in tests.  Fails with DSQL_ERR_USAGE if a descriptor is not a listening stream socket, or
 * if there are too many.  Call it once, before any other descriptor is opened.
 */
dsql_status service_sockets_take(struct service_sockets *taken,
                                 const struct service_variables *variables, int first,
                                 dsql_error *err);

#endif
