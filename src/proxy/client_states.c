/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Until it waits for a server connection, a client that ends or is too slow is closed without a
 * word, as by PostgreSQL.  A client that cancels often ends first; its request is still passed on.
 */
#include "proxy/client_states.h"

#include "proxy/client.h"
#include "proxy/client_cancel.h"
#include "proxy/client_dump.h"
#include "proxy/client_loan.h"
#include "proxy/client_relay.h"
#include "proxy/client_scram.h"
#include "proxy/client_startup.h"
#include "proxy/client_transaction.h"
#include "proxy/client_waiting.h"
#include "session/client_end.h"
#include "session/client_input.h"
#include "session/client_startup.h"
#include "session/scram_server.h"

#define AFTER_STARTUP                                                                              \
    (SESSION_BIT(PROXY_SCRAM) | SESSION_BIT(PROXY_WAITING) | SESSION_BIT(PROXY_CANCELING) |        \
     SESSION_ENDS)

static const struct session_rules rules[PROXY_STATES] = {
    [SESSION_UNENCRYPTED] =
        {
            .may_follow = SESSION_BIT(SESSION_ENCRYPTED) | AFTER_STARTUP,
            .on_data = session_startup_data,
            .on_end = session_close,
            .on_timeout = session_close,
        },
    [SESSION_ENCRYPTED] =
        {
            .may_follow = AFTER_STARTUP,
            .on_data = session_startup_data,
            .on_end = session_close,
            .on_timeout = session_close,
        },
    [PROXY_SCRAM] =
        {
            .may_follow = SESSION_BIT(PROXY_WAITING) | SESSION_ENDS,
            .on_data = proxy_scram_data,
            .on_end = session_close,
            .on_timeout = session_close,
        },
    [PROXY_WAITING] =
        {
            .may_follow =
                SESSION_BIT(SESSION_RELAY) | SESSION_BIT(PROXY_TRANSACTION) | SESSION_ENDS,
            .on_data = proxy_waiting_data,
            .on_end = session_close,
            .on_timeout = proxy_waiting_timeout,
        },
    [SESSION_RELAY] =
        {
            .may_follow = SESSION_ENDS,
            .on_data = proxy_dump_data,
            .on_end = session_end, /* what it sent last still reaches the server */
            .on_writable = proxy_relay_writable,
            .on_server_data = proxy_relay_server_data,
            .on_server_end = proxy_relay_server_end,
            .on_server_writable = proxy_relay_server_writable,
            .on_timeout = proxy_relay_timeout,
        },
    [PROXY_TRANSACTION] =
        {
            .may_follow = SESSION_ENDS,
            .on_data = proxy_transaction_data,
            .on_end = session_end,
            .on_writable = proxy_transaction_writable,
            .on_timeout = proxy_transaction_timeout,
        },
    [PROXY_CANCELING] =
        {
            .may_follow = SESSION_ENDS,
            .on_timeout = session_close,
        },
    [SESSION_ENDING] =
        {
            .may_follow = SESSION_BIT(SESSION_CLOSED),
            .on_end = session_close_if_ended,
            .on_timeout = session_close,
        },
    [SESSION_CLOSED] = {0},
};

/* Buffers allocate nothing before they are used. */
static void init(struct session_client *session)
{
    buf_init(&proxy_client_of(session)->startup, STARTUP_MAX_SIZE);
}

/* Its connections to the cluster are given back at once, not when the client has read the end. */
static void on_over(struct session_client *session)
{
    struct proxy_client *client = proxy_client_of(session);
    if (client->cluster == NULL) {
        return; /* it has not said what it wants */
    }
    proxy_waiting_leave(client);
    client_loan_release(client);
    proxy_relay_release(client);
    proxy_cancel_release(client);
    proxy_scram_clear(client);
    if (client->is_counted) {
        client->is_counted = false;
        client->cluster->counters.clients--;
    }
}

/* Until its own connection is closed, it counts for the limit of the proxy. */
static void clear(struct session_client *session)
{
    struct proxy_client *client = proxy_client_of(session);
    if (client->is_admitted) {
        proxy_client_shared(session)->client_count--;
    }
    proxy_dump_clear(client);
    buf_clear(&client->startup);
    if (client->cluster != NULL) {
        cluster_leave(client->cluster);
    }
}

const struct session_program proxy_program = {
    .rules = rules,
    .client_size = sizeof(struct proxy_client),
    .password_max = SCRAM_CLIENT_FRAME_MAX,
    .init = init,
    .clear = clear,
    .on_startup = proxy_startup_begin,
    .on_cancel = proxy_cancel_begin,
    .on_over = on_over,
};
