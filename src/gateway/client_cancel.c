/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A cancel request has a connection of its own and no answer.  Neither admission nor the token is
 * checked: the key is the secret that authorizes it (PostgreSQL manual, "Canceling Requests in
 * Progress").  A request with another key is closed here, as PostgreSQL would do after it had
 * started a process.
 */
#include "gateway/client_cancel.h"

#include "gateway/client_end.h"
#include "gateway/client_server.h"

/* Before the key: the length and the code of the packet, four bytes each. */
enum { HEADER_SIZE = 8 };

/* The copy is sent when the connection to PostgreSQL is open. */
void client_cancel_begin(struct client *client, struct text request)
{
    if (!cancel_keys_have(&client->shared->cancel_keys,
                          text_slice(request, HEADER_SIZE, request.len))) {
        client_close(client);
        return;
    }
    client_wait(client, WAITING_CANCEL);
    buf_add_text(&client->to_server, request);
    client_server_connect(client, CLIENT_CANCELING);
}

void client_cancel_server_open(struct client *client)
{
    client_server_send_first(client);
}

/* PostgreSQL answers a cancel request by closing the connection, and so does the gateway:
   libpq waits for that, so that the request is not overtaken by the next query. */
void client_cancel_server_end(struct client *client)
{
    client_end(client);
}
