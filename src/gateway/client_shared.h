/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What all clients of one gateway share.  It belongs to the gateway, which fills it in before it
 * listens and frees it after on_gone() has reported the last client.  The clients change only the
 * list and the admission.
 */
#ifndef DSQL_GATEWAY_CLIENT_SHARED_H
#define DSQL_GATEWAY_CLIENT_SHARED_H

#include "gateway/admission.h"
#include "gateway/cancel_keys.h"
#include "gateway/gateway_options.h"
#include "gateway/waiting_list.h"

#include <openssl/ssl.h>

#include <uv.h>

struct client;

struct client_shared {
    const struct gateway_options *options; /* limits resolved: never 0 */
    uv_loop_t *loop;
    SSL_CTX *tls;
    struct admission admission;
    struct waiting_list waiting[WAITING_STAGES]; /* clients that have not logged in */
    struct cancel_keys cancel_keys;
    int shed_count;             /* closed to make room, since the log said so */
    int64_t shed_logged_ms;     /* by the monotonic clock; 0: never */
    struct client *first;       /* of the list of clients */
    void (*on_gone)(void *arg); /* after a client left the list and its memory was freed */
    void *arg;
};

#endif
