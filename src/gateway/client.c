/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* What the handlers of several states need. */
#include "gateway/client.h"

#include "gateway/access_denied.h"
#include "session/client_end.h"
#include "session/client_server.h"

/* The address of a struct is that of its first member. */
struct gateway_client *gateway_client_of(struct session_client *session)
{
    return (struct gateway_client *)session;
}

struct gateway_shared *gateway_client_shared(const struct session_client *session)
{
    return session->shared->program_arg;
}

/* The options belong to the gateway, which outlives its clients. */
const struct gateway_options *gateway_client_options(const struct session_client *session)
{
    return gateway_client_shared(session)->options;
}

void gateway_client_connect(struct session_client *session, int state)
{
    session_connect_unix(session, gateway_client_options(session)->server_socket, state);
}

/*
 * The StartupMessage or the CancelRequest.  If memory ran out, nothing is sent, and the login
 * timeout ends the client.
 */
void gateway_client_send_first(struct session_client *session)
{
    const struct buf *first = &gateway_client_of(session)->to_server;
    if (buf_ok(first)) {
        stream_write(session->server, buf_text(first));
    }
}

void gateway_client_fail_unavailable(struct session_client *session)
{
    session_fail_with(session, "08006", "unable to accept connection, server unavailable");
}

void gateway_client_fail_unauthorized(struct session_client *session)
{
    struct fatal_error error;
    access_denied(&error, "User: %s is not authorized to access this resource",
                  gateway_client_of(session)->arn);
    session_fail(session, &error);
}
