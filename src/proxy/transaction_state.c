/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/transaction_state.h"

#include "wire/backend.h"

bool transaction_is_idle(const struct transaction_server *server)
{
    const struct transaction_client *client = server->client;
    return answers_are_complete(&server->answers) && server->answers.status == STATUS_IDLE &&
           server->set_up_left == 0 && server->body_left == 0 &&
           (client->body_left == 0 || client->is_dropping);
}

bool transaction_is_pinned(const struct transaction_server *server)
{
    return server->client->is_pinned || server->link.is_unclear;
}

bool transaction_is_free(const struct transaction_server *server)
{
    return transaction_is_idle(server) && !transaction_is_pinned(server);
}
