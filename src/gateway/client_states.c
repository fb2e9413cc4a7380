/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Until the relay, a client that ends or is too slow is closed without a word, as by PostgreSQL.
 * A client that cancels often ends first; its request is still passed on.
 */
#include "gateway/client_states.h"

#include "gateway/client.h"
#include "gateway/client_cancel.h"
#include "gateway/client_login.h"
#include "gateway/client_password.h"
#include "gateway/client_relay.h"
#include "gateway/client_startup.h"
#include "session/client_end.h"
#include "session/client_input.h"
#include "session/client_startup.h"

static const struct session_rules rules[GATEWAY_STATES] = {
    [SESSION_UNENCRYPTED] =
        {
            .may_follow =
                SESSION_BIT(SESSION_ENCRYPTED) | SESSION_BIT(GATEWAY_CANCELING) | SESSION_ENDS,
            .on_data = session_startup_data,
            .on_end = session_close,
            .on_timeout = session_close,
        },
    [SESSION_ENCRYPTED] =
        {
            .may_follow =
                SESSION_BIT(GATEWAY_PASSWORD) | SESSION_BIT(GATEWAY_CANCELING) | SESSION_ENDS,
            .on_data = session_startup_data,
            .on_end = session_close,
            .on_timeout = session_close,
        },
    [GATEWAY_PASSWORD] =
        {
            .may_follow = SESSION_BIT(GATEWAY_CONNECTING) | SESSION_ENDS,
            .on_data = gateway_password_data,
            .on_end = session_close,
            .on_timeout = session_close,
        },
    [GATEWAY_CONNECTING] =
        {
            .may_follow = SESSION_BIT(GATEWAY_LOGIN) | SESSION_ENDS,
            .on_data = session_input_keep,
            .on_end = session_close,
            .on_server_open = gateway_login_server_open,
            .on_server_end = gateway_client_fail_unavailable,
            .on_timeout = session_close,
        },
    [GATEWAY_LOGIN] =
        {
            .may_follow = SESSION_BIT(GATEWAY_MAPPING) | SESSION_BIT(SESSION_RELAY) | SESSION_ENDS,
            .on_data = session_input_keep,
            .on_end = session_close,
            .on_server_data = gateway_login_server_data,
            .on_server_end = gateway_client_fail_unavailable,
            .on_timeout = session_close,
        },
    [GATEWAY_MAPPING] =
        {
            .may_follow = SESSION_BIT(SESSION_RELAY) | SESSION_ENDS,
            .on_data = session_input_keep,
            .on_end = session_close,
            .on_server_data = gateway_login_server_data,
            .on_server_end = gateway_client_fail_unavailable,
            .on_timeout = session_close,
        },
    [SESSION_RELAY] =
        {
            .may_follow = SESSION_ENDS,
            .on_data = gateway_relay_data,
            .on_end = session_end, /* what it sent last still reaches the server */
            .on_writable = gateway_relay_writable,
            .on_server_data = gateway_relay_server_data,
            .on_server_end = gateway_relay_server_end,
            .on_server_writable = gateway_relay_server_writable,
            .on_timeout = gateway_relay_timeout,
        },
    [GATEWAY_CANCELING] =
        {
            .may_follow = SESSION_ENDS,
            .on_data = session_input_keep,
            .on_server_open = gateway_cancel_server_open,
            .on_server_end = gateway_cancel_server_end,
            .on_timeout = session_close,
        },
    [SESSION_ENDING] =
        {
            .may_follow = SESSION_BIT(SESSION_CLOSED),
            .on_end = session_close_if_ended,
            .on_server_end = session_close_if_ended,
            .on_timeout = session_close,
        },
    [SESSION_CLOSED] = {0},
};

/* Buffers allocate nothing before they are used. */
static void init(struct session_client *session)
{
    struct gateway_client *client = gateway_client_of(session);
    buf_init(&client->to_server, STARTUP_MAX_SIZE);
    gateway_login_init(session);
    sql_rewriter_init(&client->rewriter, gateway_client_options(session)->server_major);
}

/*
 * A client that was admitted is released here, not when it begins to end: its connections may
 * still be closing, and until then they count.
 */
static void clear(struct session_client *session)
{
    struct gateway_client *client = gateway_client_of(session);
    if (client->is_admitted) {
        admission_release(&gateway_client_shared(session)->admission);
    }
    buf_clear(&client->to_server);
    server_login_clear(&client->login);
    sql_rewriter_clear(&client->rewriter);
}

const struct session_program gateway_program = {
    .rules = rules,
    .client_size = sizeof(struct gateway_client),
    .password_max = CLIENT_PASSWORD_MAX,
    .init = init,
    .clear = clear,
    .on_startup = gateway_startup_begin,
    .on_cancel = gateway_cancel_begin,
};
