/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A port at which a cluster is offered: its Unix socket and its TCP listener, or the sockets of
 * this port that a service manager has passed.  Another cluster may be offered there later, while
 * the port stays open.
 */
#ifndef DSQL_PROXY_LISTENING_PORT_H
#define DSQL_PROXY_LISTENING_PORT_H

#include "proxy/client.h"
#include "proxy/offer.h"
#include "session/acceptor.h"

enum { LISTENING_SOCKETS_MAX = 8 };

/** Stays in memory until the acceptor has stopped: a client may still ask where it came to. */
struct listening_port {
    int number; /* of TCP, if there is TCP; else the one in the name of the socket */
    bool has_tcp;
    struct offer *offer; /* NULL: the port is closed */
    struct place places[LISTENING_SOCKETS_MAX];
    struct acceptor_entry entries[LISTENING_SOCKETS_MAX];
    size_t count;
    struct listening_port *next;
};

/**
 * Listens as the options say, at their sockets first.  number < 0: any free one.  Those of sockets
 * that are used get the descriptor -1.  After a failure the port must be closed.
 */
dsql_status listening_port_open(struct listening_port *port, struct acceptor *acceptor,
                                const struct proxy_options *options, struct proxy_socket *sockets,
                                int number, dsql_error *err);

/** New clients come to this offer. */
void listening_port_lead_to(struct listening_port *port, struct offer *offer);

void listening_port_close(struct listening_port *port, struct acceptor *acceptor);

/** Whether a numeric address is 127.0.0.0/8 or ::1. */
bool listening_address_is_loopback(const char *address);

#endif
