/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects to PostgreSQL's Unix socket for one client and dispatches the events of that
 * connection by the client's state.  Decides nothing itself: the rows of the table in client.c
 * do.
 */
#include "gateway/client_server.h"

#include "gateway/client_end.h"

/* Also called for a client that ended while the connection was being made. */
static void on_open(void *arg, bool is_open)
{
    struct client *client = arg;
    if (client_is_over(client)) {
        return;
    }
    if (!is_open) {
        client_fail_unavailable(client);
        return;
    }
    if (client_rules(client)->on_server_open != NULL) {
        client_rules(client)->on_server_open(client);
    }
}

static void on_data(void *arg, struct text bytes)
{
    struct client *client = arg;
    if (client_rules(client)->on_server_data != NULL) {
        client_rules(client)->on_server_data(client, bytes);
    }
}

/* A connection that could not be made arrives as on_open(false), one that broke as on_end. */
static void on_end(void *arg)
{
    struct client *client = arg;
    client->has_server_ended = true;
    if (client_rules(client)->on_server_end != NULL) {
        client_rules(client)->on_server_end(client);
    }
}

static void on_drain(void *arg)
{
    struct client *client = arg;
    if (client_rules(client)->on_server_writable != NULL) {
        client_rules(client)->on_server_writable(client);
    }
}

static const struct stream_events events = {on_open, on_data, on_end, on_drain, NULL};

/*
 * The state is set first, so that an event finds the right row.  If there is no memory for a
 * connection, there is none for an error either: the client is closed.
 */
void client_server_connect(struct client *client, enum client_state state)
{
    client_set_state(client, state);
    client->server = stream_connect_unix(client->shared->loop,
                                         client_options(client)->server_socket, &events, client);
    if (client->server == NULL) {
        client_close(client);
        return;
    }
    client->open_handles++;
}

/*
 * The StartupMessage or the CancelRequest.  If memory ran out, nothing is sent, and the login
 * timeout ends the client.
 */
void client_server_send_first(struct client *client)
{
    if (buf_ok(&client->to_server)) {
        stream_write(client->server, buf_text(&client->to_server));
    }
}
