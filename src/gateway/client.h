/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The clients of a gateway, from the first byte of a connection to its last.  What a
 * client does in each of its states is in a table; see client_state.h.
 */
#ifndef DSQL_GATEWAY_CLIENT_H
#define DSQL_GATEWAY_CLIENT_H

#include "gateway/client_shared.h"

/**
 * Accepts the connection that server has waiting.  Failures are only logged.  Not 0: it still
 * waits, as there is no room for it, and the caller should try again in so many milliseconds.
 */
int64_t client_accept(struct client_shared *shared, uv_stream_t *server);

/** Sends every client the error of a server that stops, and ends its connection. */
void client_stop_all(struct client_shared *shared);

#endif
