/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A cancel request has a connection of its own and no answer.  Neither admission nor the token is
 * checked: the key is the secret that authorizes it (PostgreSQL manual, "Canceling Requests in
 * Progress").  A request with another key is closed here, as PostgreSQL would do after it had
 * started a process.
 */
#include "gateway/client_cancel.h"

#include "session/client_end.h"

/* Before the key: the length and the code of the packet, four bytes each. */
enum { HEADER_SIZE = 8 };

/* The copy is sent when the connection to PostgreSQL is open. */
void gateway_cancel_begin(struct session_client *session, struct text request)
{
    struct gateway_client *client = gateway_client_of(session);
    struct text key = text_slice(request, HEADER_SIZE, request.len);
    if (cancel_keys_find(&session->shared->cancel_keys, key) == NULL) {
        session_close(session);
        return;
    }
    session_wait(session, WAITING_CANCEL);
    buf_add_text(&client->to_server, request);
    gateway_client_connect(session, GATEWAY_CANCELING);
}

void gateway_cancel_server_open(struct session_client *session)
{
    gateway_client_send_first(session);
}

/* PostgreSQL answers a cancel request by closing the connection, and so does the gateway:
   libpq waits for that, so that the request is not overtaken by the next query. */
void gateway_cancel_server_end(struct session_client *session)
{
    session_end(session);
}
