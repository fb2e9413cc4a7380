/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything here is done for unknown clients, so it must be cheap and bounded, and connections
 * that have not begun TLS get no more than a request for it.
 */
#include "gateway/client_startup.h"

#include "gateway/access.h"
#include "gateway/client_password.h"
#include "gateway/parameters.h"
#include "net/tls.h"
#include "session/client_end.h"
#include "session/negotiation.h"

enum { ANSWER_MAX = 65536 };

/*
 * The order is that of docs/design/gateway.md: the server name, then the role and the parameters.
 * The error set first is for failures that do not set one, such as a name that does not fit.
 */
static bool check_startup(struct session_client *session, const struct startup *startup,
                          struct fatal_error *error)
{
    struct gateway_client *client = gateway_client_of(session);
    struct text user = startup_value(startup, "user");
    struct text name = tls_server_name(stream_ssl(session->stream));
    fatal_error_set(error, "08P01", "invalid startup packet");
    return access_check_server_name(gateway_client_options(session), name, error) &&
           access_check_user(user, error) &&
           parameters_translate(startup, &client->to_server, error) &&
           text_copy(user, client->user, sizeof client->user);
}

/*
 * Without TLS the token would travel in clear text, so it is not even asked for.  A
 * NegotiateProtocolVersion must precede the request for the password, so it is written into the
 * same buffer.
 */
void gateway_startup_begin(struct session_client *session, const struct startup *startup)
{
    struct fatal_error error;
    if (session->state == SESSION_UNENCRYPTED) {
        session_fail_with(session, "28000",
                          "connections must use TLS; connect with sslmode=verify-full, or at least "
                          "sslmode=require");
        return;
    }
    if (!check_startup(session, startup, &error)) {
        session_fail(session, &error);
        return;
    }
    struct buf out AUTO_BUF;
    buf_init(&out, ANSWER_MAX);
    negotiation_write_version(startup, &out);
    buf_drop(&session->in, startup->size);
    gateway_password_begin(session, &out);
}
