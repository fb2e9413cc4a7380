/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * From here on the gateway only follows the framing of messages; it does not know what a query or
 * a transaction is.  Bytes of a client pass through the rewriter, those of PostgreSQL do not
 * change.
 */
#include "gateway/client_relay.h"

#include "session/client_end.h"
#include "session/client_input.h"

/*
 * The service ends a session after an hour, whatever it is doing.  Negative: the options set no
 * limit.
 */
static int64_t session_ms(const struct session_client *session)
{
    int64_t seconds = gateway_client_options(session)->session_s;
    return seconds < 0 ? -1 : seconds * 1000;
}

/* The order matters: the client gets the greeting before any answer to what it sent ahead. */
void gateway_relay_begin(struct session_client *session)
{
    struct gateway_client *client = gateway_client_of(session);
    session_set_state(session, SESSION_RELAY);
    cancel_keys_add(&session->shared->cancel_keys, &session->cancel_key,
                    server_login_cancel_key(&client->login));
    if (buf_ok(&client->login.greeting)) {
        stream_write(session->stream, buf_text(&client->login.greeting));
    }
    session_start_timer(session, session_ms(session));
    relay_init(&session->relay, session->stream, session->server);
    stream_resume(session->stream);
    struct buf ahead = session_input_take(session);
    gateway_relay_data(session, buf_text(&ahead));
    buf_clear(&ahead);
}

/*
 * The rewriter comes first, as it may hold bytes back, and the relay must count exactly what
 * PostgreSQL receives.
 */
void gateway_relay_data(struct session_client *session, struct text bytes)
{
    struct gateway_client *client = gateway_client_of(session);
    struct text out;
    if (!sql_rewriter_rewrite(&client->rewriter, bytes, &out) ||
        !relay_client_data(&session->relay, out)) {
        session_fail_with(session, "08P01", "invalid message length");
    }
}

void gateway_relay_server_data(struct session_client *session, struct text bytes)
{
    if (!relay_server_data(&session->relay, bytes)) {
        session_end(session); /* nothing can be inserted into a stream that lost its framing */
    }
}

/*
 * For instance after a crash of PostgreSQL, which closes its sockets without a message.  Without
 * this error libpq would report only "server closed the connection unexpectedly".
 */
void gateway_relay_server_end(struct session_client *session)
{
    if (relay_end_is_explained(&session->relay)) {
        session_end(session);
        return;
    }
    session_fail_with(session, "57P01", "terminating connection because the database server ended");
}

void gateway_relay_writable(struct session_client *session)
{
    relay_client_drained(&session->relay);
}

void gateway_relay_server_writable(struct session_client *session)
{
    relay_server_drained(&session->relay);
}

void gateway_relay_timeout(struct session_client *session)
{
    session_fail_with(session, "57P01",
                      "terminating connection because it reached the maximum connection duration");
}
