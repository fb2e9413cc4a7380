/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * How a connection ends.  Softly, by session_end() and those that call it: what was
 * written is still delivered, for a moment.  Or at once, by session_close().  All may be
 * called in any state and more than once.
 */
#ifndef DSQL_SESSION_CLIENT_END_H
#define DSQL_SESSION_CLIENT_END_H

#include "session/client.h"
#include "session/fatal_error.h"

/** Shuts both directions down; closes when both sides have ended, or after a second. */
void session_end(struct session_client *client);

/** Sends the error if it fits between two messages, logs it, and ends. */
void session_fail(struct session_client *client, const struct fatal_error *error);

/** session_fail() with a message and no hint. */
void session_fail_with(struct session_client *client, const char *sqlstate, const char *message);

/** The client waits in the list of this stage from now on; if it is full, its oldest is closed. */
void session_wait(struct session_client *client, enum waiting_stage stage);

/** Closes at once; the memory is freed when libuv has closed the handles. */
void session_close(struct session_client *client);

/** Closes a client that is ending, if neither side has more to say. */
void session_close_if_ended(struct session_client *client);

/** Sends every client the error of a server that stops, and ends its connection. */
void session_stop_all(struct session_shared *shared);

#endif
