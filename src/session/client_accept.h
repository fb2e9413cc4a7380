/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The beginning of a client, and the way of its events to the handlers of its state. */
#ifndef DSQL_SESSION_CLIENT_ACCEPT_H
#define DSQL_SESSION_CLIENT_ACCEPT_H

#include "session/client.h"

/**
 * Accepts the connection that server has waiting; came_to is passed on to the client.  Failures are
 * only logged.  Not 0: it still waits, as there is no room for it, and the caller should try again
 * in so many milliseconds.
 */
int64_t session_accept(struct session_shared *shared, uv_stream_t *server, const void *came_to);

#endif
