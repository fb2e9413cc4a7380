/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The door of a local cluster: TLS, SNI, the token check, then a relay to the
 * PostgreSQL behind it.  It answers as Aurora DSQL answers.  One event loop, one
 * thread.  Knows nothing of directories, processes or certificates' making.
 */
#ifndef DSQL_GATEWAY_GATEWAY_H
#define DSQL_GATEWAY_GATEWAY_H

#include "gateway/gateway_options.h"

#include <dsql.h>

#include <uv.h>

struct gateway;

/** Binds and listens on loop.  The strings must live as long as the gateway. */
struct gateway *gateway_start(uv_loop_t *loop, const struct gateway_options *options,
                              dsql_error *err);

/** The port in use. */
int gateway_port(const struct gateway *gateway);

/** Stops listening, ends every session; on_stopped is called from the loop, then gateway_free(). */
void gateway_stop(struct gateway *gateway, void (*on_stopped)(void *arg), void *arg);
void gateway_free(struct gateway *gateway);

#endif
