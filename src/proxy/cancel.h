/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* One cancel request on its way to the cluster: a connection of its own, with TLS as any other. */
#ifndef DSQL_PROXY_CANCEL_H
#define DSQL_PROXY_CANCEL_H

#include "proxy/server.h"

struct cancel;

/** See cluster_cancel().  shared->on_gone is called when its memory was freed. */
struct cancel *cancel_open(struct server_shared *shared, const struct server *server,
                           void (*on_done)(void *arg), void *arg);

void cancel_close(struct cancel *cancel);

#endif
