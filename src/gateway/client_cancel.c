/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A cancel request has a connection of its own and no answer.  Only PostgreSQL knows the keys, so
 * it is passed on unread, and neither admission nor the token is checked: the key is the secret
 * that authorizes it (PostgreSQL manual, "Canceling Requests in Progress").
 */
#include "gateway/client_cancel.h"

#include "gateway/client_end.h"
#include "gateway/client_server.h"

/* The copy is sent when the connection to PostgreSQL is open. */
void client_cancel_begin(struct client *client, struct text request)
{
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
