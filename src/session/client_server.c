/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Dispatches the events of a client's server connection by the client's state.  Decides nothing
 * itself: the rows of the program's table do.
 */
#include "session/client_server.h"

#include "session/client_end.h"

/* Also called for a client that ended while the connection was being made. */
static void on_open(void *arg, bool is_open)
{
    struct session_client *client = arg;
    const struct session_rules *rules = session_rules(client);
    if (session_is_over(client)) {
        return;
    }
    if (is_open && rules->on_server_open != NULL) {
        rules->on_server_open(client);
    }
    if (!is_open && rules->on_server_end != NULL) {
        rules->on_server_end(client);
    }
}

static void on_data(void *arg, struct text bytes)
{
    struct session_client *client = arg;
    if (session_rules(client)->on_server_data != NULL) {
        session_rules(client)->on_server_data(client, bytes);
    }
}

/* A connection that could not be made arrives as on_open(false), one that broke as on_end. */
static void on_end(void *arg)
{
    struct session_client *client = arg;
    client->has_server_ended = true;
    if (session_rules(client)->on_server_end != NULL) {
        session_rules(client)->on_server_end(client);
    }
}

static void on_drain(void *arg)
{
    struct session_client *client = arg;
    if (session_rules(client)->on_server_writable != NULL) {
        session_rules(client)->on_server_writable(client);
    }
}

static const struct stream_events events = {on_open, on_data, on_end, on_drain, NULL};

/*
 * The state is set first, so that an event finds the right row.  If there is no memory for a
 * connection, there is none for an error either: the client is closed.
 */
void session_connect_unix(struct session_client *client, const char *path, int state)
{
    session_set_state(client, state);
    client->server = stream_connect_unix(client->shared->loop, path, &events, client);
    if (client->server == NULL) {
        session_close(client);
        return;
    }
    client->open_handles++;
}
