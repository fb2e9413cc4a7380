/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Accepts connections to a local cluster as Aurora DSQL does: TLS, the server name, the
 * token; then a relay to PostgreSQL.  One event loop, one thread.  Knows nothing of
 * directories, processes, or how certificates are made.
 */
#ifndef DSQL_GATEWAY_GATEWAY_H
#define DSQL_GATEWAY_GATEWAY_H

#include "gateway/gateway_options.h"

#include <dsql.h>

#include <uv.h>

struct gateway;

/** Listens, in this loop.  The strings of the options must live as long as the gateway. */
struct gateway *gateway_start(uv_loop_t *loop, const struct gateway_options *options,
                              dsql_error *err);

/** The port in use. */
int gateway_port(const struct gateway *gateway);

/** Stops listening and ends every session.  on_stopped is called from the loop when all have
    ended; then gateway_free() may be called. */
void gateway_stop(struct gateway *gateway, void (*on_stopped)(void *arg), void *arg);
void gateway_free(struct gateway *gateway);

#endif
