/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * How a connection ends.  Softly, by client_end() and those that call it: what was
 * written is still delivered, for a moment.  Or at once, by client_close().  All may be
 * called in any state and more than once.
 */
#ifndef DSQL_GATEWAY_CLIENT_END_H
#define DSQL_GATEWAY_CLIENT_END_H

#include "gateway/client_state.h"
#include "gateway/fatal_error.h"

/** Shuts both directions down; closes when both sides have ended, or after a second. */
void client_end(struct client *client);

/** Sends the error if it fits between two messages, logs it, and ends. */
void client_fail(struct client *client, const struct fatal_error *error);

/** client_fail() with a message and no hint. */
void client_fail_with(struct client *client, const char *sqlstate, const char *message);

/** client_fail() with the error of a cluster whose PostgreSQL cannot be reached or used. */
void client_fail_unavailable(struct client *client);

/** client_fail() with the error of an identity that may not be the role it asked for. */
void client_fail_unauthorized(struct client *client);

/** The client waits in the list of this stage from now on; if it is full, its oldest is closed. */
void client_wait(struct client *client, enum waiting_stage stage);

/** Closes at once; the memory is freed when libuv has closed the handles. */
void client_close(struct client *client);

/** Closes a client that is ending, if neither side has more to say. */
void client_close_if_ended(struct client *client);

#endif
