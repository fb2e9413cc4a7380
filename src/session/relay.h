/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Carries messages between a client and its server once both are logged in.  Follows
 * the framing but keeps nothing: a slow reader stops the far side from being read.
 */
#ifndef DSQL_SESSION_RELAY_H
#define DSQL_SESSION_RELAY_H

#include "net/stream.h"
#include "wire/message.h"

struct relay {
    struct stream *client; /* neither is owned */
    struct stream *server;
    struct frame_scan from_client;
    struct frame_scan from_server;
};

void relay_init(struct relay *relay, struct stream *client, struct stream *server);

/** False: a message longer than Aurora DSQL takes; nothing of these bytes was sent. */
bool relay_client_data(struct relay *relay, struct text bytes) __attribute__((warn_unused_result));
/** False: the server does not speak the protocol. */
bool relay_server_data(struct relay *relay, struct text bytes) __attribute__((warn_unused_result));

void relay_client_drained(struct relay *relay);
void relay_server_drained(struct relay *relay);

/** The client is between two messages: one of our own may be put in. */
bool relay_may_insert(const struct relay *relay);

/** The session's end needs no word of ours: the client asked for it, or was told why. */
bool relay_end_is_explained(const struct relay *relay);

#endif
