/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to a cluster up to the first message: DNS, TCP, TLS with the server verified.  After
 * that it passes bytes.  Knows nothing of what they mean.
 *
 * TLS begins at once (as libpq's sslnegotiation=direct).  A PostgreSQL before version 17 closes
 * such a connection; it is then asked by an SSLRequest, here and in all later connections to it.
 */
#ifndef DSQL_PROXY_LINK_H
#define DSQL_PROXY_LINK_H

#include "net/stream.h"
#include "proxy/proxy_counters.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <uv.h>

enum { LINK_PROBLEM_SIZE = 256 };

/** Where to connect.  Shared by all links to a cluster; belongs to it. */
struct link_target {
    const char *host;    /* the certificate must name it */
    const char *address; /* what to connect to: a name or a number */
    char port[6];
    SSL_CTX *tls;
    bool is_asked; /* the server does not know direct TLS: an SSLRequest comes first */
};

/** All are called from the loop, and none after link_close(). */
struct link_events {
    void (*on_open)(void *arg);   /* the server is the right one; bytes may be written */
    void (*on_failed)(void *arg); /* before on_open: link->refusal and link->problem say why */
    void (*on_data)(void *arg, struct text bytes);
    void (*on_end)(void *arg);
    void (*on_drain)(void *arg);
};

enum link_state {
    LINK_RESOLVING,
    LINK_CONNECTING,
    LINK_ASKING,     /* SSLRequest was sent */
    LINK_ENCRYPTING, /* the handshake */
    LINK_OPEN,
    LINK_FAILED,
    LINK_CLOSING
};

union link_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/** A part of its owner, which stays in memory until on_closed. */
struct link {
    enum link_state state;
    uv_loop_t *loop;
    struct link_target *target;
    const struct link_events *events;
    void *arg;
    struct stream *stream; /* NULL while there is none */
    uv_getaddrinfo_t resolve;
    struct addrinfo *addresses;   /* NULL before they are known ... */
    const struct addrinfo *next;  /* ... and the one to try after the present one */
    union link_address connected; /* the address in use */
    bool has_asked;               /* with an SSLRequest, instead of direct TLS */
    int open_handles;
    enum proxy_refusal refusal;
    char problem[LINK_PROBLEM_SIZE]; /* one line */
    void (*on_closed)(void *arg);
};

/** Begins to connect.  False: out of memory, and nothing was begun. */
bool link_open(struct link *link, uv_loop_t *loop, struct link_target *target,
               const struct link_events *events, void *arg);

/** The same to an address that another link has used, for a cancel request. */
bool link_open_again(struct link *link, const struct link *other, const struct link_events *events,
                     void *arg);

/** Closes at once.  on_closed is called from the loop, or now if there is nothing to wait for. */
void link_close(struct link *link, void (*on_closed)(void *arg));

#endif
