/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of the gateway, from its first byte to its last.  Belongs to the
 * gateway that made it and tells it when its memory is gone.
 */
#ifndef DSQL_GATEWAY_CLIENT_H
#define DSQL_GATEWAY_CLIENT_H

#include "gateway/fatal_error.h"
#include "gateway/gateway.h"
#include "gateway/rate_limit.h"

#include <openssl/ssl.h>

struct client;

/** What all clients of a gateway share. */
struct client_shared {
    const struct gateway_options *options; /* limits resolved: never 0 */
    uv_loop_t *loop;
    SSL_CTX *tls;
    struct rate_limit rate;
    int admitted; /* clients past the count of connections */
    struct client *first;
    void (*on_gone)(void *arg); /* after one was taken off the list */
    void *arg;
};

/** Takes the connection that server has waiting.  Failures are logged only. */
void client_accept(struct client_shared *shared, uv_stream_t *server);

/** Tells every client that the server stops, and ends them. */
void client_stop_all(struct client_shared *shared);

#endif
