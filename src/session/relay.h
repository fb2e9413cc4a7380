/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Passes messages between a client and a server once the client is logged in.  It follows
 * the framing, so that it knows where one message ends, but keeps nothing: while one side
 * reads slowly, the other is not read (backpressure).
 */
#ifndef DSQL_SESSION_RELAY_H
#define DSQL_SESSION_RELAY_H

#include "net/stream.h"
#include "wire/message.h"

struct relay {
    struct stream *client; /* neither stream belongs to the relay */
    struct stream *server;
    struct frame_scan from_client;
    struct frame_scan from_server;
};

void relay_init(struct relay *relay, struct stream *client, struct stream *server);

/** False: a message has no valid length, or is longer than FRAME_CLIENT_MAX; none of these
    bytes was sent. */
bool relay_client_data(struct relay *relay, struct text bytes) __attribute__((warn_unused_result));
/** False: the server broke the protocol; none of these bytes was sent. */
bool relay_server_data(struct relay *relay, struct text bytes) __attribute__((warn_unused_result));

/** The same for a caller that has moved from_client or from_server over the bytes itself. */
void relay_pass_to_server(struct relay *relay, struct text bytes);
void relay_pass_to_client(struct relay *relay, struct text bytes);

/** To be called when the queue to that side is short again. */
void relay_client_drained(struct relay *relay);
void relay_server_drained(struct relay *relay);

/** Whether the client is between two messages, so that one of the caller may be inserted. */
bool relay_may_insert(const struct relay *relay);

/** Whether the end needs no explanation: the client asked for it (Terminate), or the
    server's last message was an error. */
bool relay_end_is_explained(const struct relay *relay);

#endif
