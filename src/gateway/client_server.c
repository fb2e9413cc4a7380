/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
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

static const struct stream_events events = {on_open, on_data, on_end, on_drain};

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

void client_server_send_first(struct client *client)
{
    if (buf_ok(&client->to_server)) {
        stream_write(client->server, buf_text(&client->to_server));
    }
}
