/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/client_flow.h"

#include "proxy/client_greeting.h"

enum {
    ALONE_MIN = 4096, /* bytes; fewer are not written by themselves */
    AHEAD_MAX = 32768 /* bytes that wait; then the client is not read any more */
};

/*
 * What was borrowed lies in the bytes of the present event.  A little of it is copied rather than
 * written by itself.  What comes before the greeting is a part of it.
 */
static void write_out(struct session_client *session, struct outgoing *out)
{
    if (out->copied.len > 0 && out->borrowed.len < ALONE_MIN) {
        outgoing_keep(out);
    }
    stream_write(session->stream, buf_text(&out->copied));
    stream_write(session->stream, out->borrowed);
}

/* The memory is given back: most clients are idle. */
void client_flow_to_client(struct session_client *session)
{
    struct proxy_transaction *own = proxy_transaction_of(session);
    struct outgoing *out = &own->link.out;
    if (outgoing_len(out) == 0) {
        return;
    }
    if (session->state != PROXY_TRANSACTION) {
        outgoing_keep(out);
        return;
    }
    write_out(session, out);
    /* The position is needed for an error that ends the session. */
    frame_scan_place(&session->relay.from_server, !out->is_cut);
    outgoing_clear(out);
    if (own->pooled != NULL && own->pooled->server != NULL &&
        stream_is_congested(session->stream)) {
        stream_pause(server_stream(own->pooled->server));
    }
}

void client_flow_to_server(struct session_client *session)
{
    struct proxy_transaction *own = proxy_transaction_of(session);
    struct pooled *pooled = own->pooled;
    if (pooled == NULL || pooled->server == NULL || pooled->transaction.out.len == 0) {
        return;
    }
    struct stream *stream = server_stream(pooled->server);
    stream_write(stream, buf_text(&pooled->transaction.out));
    buf_clear(&pooled->transaction.out);
    if (stream_is_congested(stream)) {
        stream_pause(session->stream);
    }
}

/* A message that is not whole yet needs more from the client, however long it is. */
void client_flow_limit(struct session_client *session)
{
    struct proxy_transaction *own = proxy_transaction_of(session);
    bool must_pause = own->is_held_up && own->in.len > AHEAD_MAX;
    if (must_pause == own->is_paused) {
        return;
    }
    own->is_paused = must_pause;
    if (must_pause) {
        stream_pause(session->stream);
    } else {
        stream_resume(session->stream);
    }
}
