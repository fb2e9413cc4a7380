/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * From here on the gateway only follows the framing of messages; it does not know what a query or
 * a transaction is.  Bytes of a client pass through the rewriter, those of PostgreSQL do not
 * change.
 */
#include "gateway/client_relay.h"

#include "gateway/client_end.h"
#include "gateway/client_input.h"

/*
 * The service ends a session after an hour, whatever it is doing.  Negative: the options set no
 * limit.
 */
static int64_t session_ms(const struct client *client)
{
    int64_t seconds = client_options(client)->session_s;
    return seconds < 0 ? -1 : seconds * 1000;
}

/* The order matters: the client gets the greeting before any answer to what it sent ahead. */
void client_relay_begin(struct client *client)
{
    client_set_state(client, CLIENT_RELAY);
    cancel_keys_add(&client->shared->cancel_keys, &client->cancel_key,
                    server_login_cancel_key(&client->login));
    if (buf_ok(&client->login.greeting)) {
        stream_write(client->stream, buf_text(&client->login.greeting));
    }
    client_start_timer(client, session_ms(client));
    relay_init(&client->relay, client->stream, client->server);
    stream_resume(client->stream);
    struct buf ahead = client_input_take(client);
    client_relay_data(client, buf_text(&ahead));
    buf_clear(&ahead);
}

/*
 * The rewriter comes first, as it may hold bytes back, and the relay must count exactly what
 * PostgreSQL receives.
 */
void client_relay_data(struct client *client, struct text bytes)
{
    struct text out;
    if (!sql_rewriter_rewrite(&client->rewriter, bytes, &out) ||
        !relay_client_data(&client->relay, out)) {
        client_fail_with(client, "08P01", "invalid message length");
    }
}

void client_relay_server_data(struct client *client, struct text bytes)
{
    if (!relay_server_data(&client->relay, bytes)) {
        client_end(client); /* nothing can be inserted into a stream that lost its framing */
    }
}

/*
 * For instance after a crash of PostgreSQL, which closes its sockets without a message.  Without
 * this error libpq would report only "server closed the connection unexpectedly".
 */
void client_relay_server_end(struct client *client)
{
    if (relay_end_is_explained(&client->relay)) {
        client_end(client);
        return;
    }
    client_fail_with(client, "57P01", "terminating connection because the database server ended");
}

void client_relay_writable(struct client *client)
{
    relay_client_drained(&client->relay);
}

void client_relay_server_writable(struct client *client)
{
    relay_server_drained(&client->relay);
}

void client_relay_timeout(struct client *client)
{
    client_fail_with(client, "57P01",
                     "terminating connection because it reached the maximum connection duration");
}
