/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The two directions are independent: each has its own position in the framing and its own pause.
 * The relay does not look into bodies; what a program changes, it changes before.
 */
#include "session/relay.h"

#include "wire/backend.h"

void relay_init(struct relay *relay, struct stream *client, struct stream *server)
{
    *relay = (struct relay){.client = client, .server = server};
    frame_scan_init(&relay->from_client, FRAME_CLIENT_MAX);
    frame_scan_init(&relay->from_server, FRAME_SERVER_MAX);
}

/* If the receiver is slow, its source is paused: TCP then slows the sender, and memory stays
   bounded. */
static void pass(struct stream *from, struct stream *to, struct text bytes)
{
    stream_write(to, bytes);
    if (stream_is_congested(to)) {
        stream_pause(from);
    }
}

void relay_pass_to_server(struct relay *relay, struct text bytes)
{
    pass(relay->client, relay->server, bytes);
}

void relay_pass_to_client(struct relay *relay, struct text bytes)
{
    pass(relay->server, relay->client, bytes);
}

/*
 * The frame is checked before anything is sent.  A message that is too long for the service must
 * not reach PostgreSQL, which would accept up to a gigabyte.
 */
bool relay_client_data(struct relay *relay, struct text bytes)
{
    if (!frame_scan(&relay->from_client, bytes)) {
        return false;
    }
    relay_pass_to_server(relay, bytes);
    return true;
}

bool relay_server_data(struct relay *relay, struct text bytes)
{
    if (!frame_scan(&relay->from_server, bytes)) {
        return false;
    }
    relay_pass_to_client(relay, bytes);
    return true;
}

void relay_client_drained(struct relay *relay)
{
    stream_resume(relay->server);
}

void relay_server_drained(struct relay *relay)
{
    stream_resume(relay->client);
}

bool relay_may_insert(const struct relay *relay)
{
    return frame_scan_is_between(&relay->from_server);
}

/* After an error the server may still send ReadyForQuery; then a later end is unexpected. */
bool relay_end_is_explained(const struct relay *relay)
{
    return relay->from_client.type == FRONTEND_TERMINATE ||
           (relay->from_server.type == BACKEND_ERROR && relay_may_insert(relay));
}
