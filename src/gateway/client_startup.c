/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client sends before its password.  session/negotiation.h says what it is; this file
 * answers.  Everything here is done for unknown clients, so it must be cheap and bounded, and
 * connections that have not begun TLS get no more than a request for it.
 */
#include "gateway/client_startup.h"

#include "gateway/access.h"
#include "gateway/client_cancel.h"
#include "gateway/client_end.h"
#include "gateway/client_input.h"
#include "gateway/client_password.h"
#include "gateway/parameters.h"
#include "net/tls.h"
#include "session/negotiation.h"

enum { ANSWER_MAX = 65536, FIRST_MAJOR_WITH_FIELDS = 3 };

/* ---- Encryption -------------------------------------------------------- */

/*
 * The kept bytes are the beginning of the TLS session, which may call on_data() at once.  So the
 * state changes first, and the buffer is taken out of the client before it is used.
 */
static void begin_tls(struct client *client)
{
    client_set_state(client, CLIENT_ENCRYPTED);
    struct buf early = client_input_take(client);
    stream_start_tls(client->stream, client->shared->tls, buf_text(&early));
    buf_clear(&early);
}

/*
 * NEGOTIATION_ACCEPT must be the last unencrypted byte; the request itself is dropped.
 * negotiation_next() has made sure that nothing follows it (CVE-2021-23214).
 */
static void accept_tls(struct client *client)
{
    stream_write(client->stream, text_of(NEGOTIATION_ACCEPT));
    buf_reset(&client->in);
    begin_tls(client);
}

/* Without TLS these are sent in clear text, as by PostgreSQL: they contain nothing secret. */
static void fail_negotiation(struct client *client, enum negotiation_event event,
                             const struct startup *packet)
{
    struct negotiation_error reason;
    struct fatal_error error;
    negotiation_error(event, packet, &reason);
    fatal_error_set(&error, reason.sqlstate, "%s", reason.message);
    error.is_for_protocol_2 = packet->major < FIRST_MAJOR_WITH_FIELDS;
    client_fail(client, &error);
}

/* The client may go on with SSLRequest on the same connection, but not ask again. */
static void decline_gss(struct client *client, const struct startup *request)
{
    if (client->has_asked_gss) {
        fail_negotiation(client, NEGOTIATION_UNSUPPORTED_VERSION, request);
        return;
    }
    client->has_asked_gss = true;
    stream_write(client->stream, text_of(NEGOTIATION_DECLINE));
    buf_reset(&client->in);
}

/* ---- Startup message --------------------------------------------------- */

/* Remembered in the client, so that client_end.c releases it exactly once. */
static bool admit(struct client *client, struct fatal_error *error)
{
    client->is_admitted = admission_take(&client->shared->admission, error);
    return client->is_admitted;
}

/*
 * The order is that of docs/design/gateway.md: the server name, then rate and number of
 * connections, then the role and the parameters.  So a client that names no cluster does not
 * count against the limits of this one.  The error set first is for failures that do not set one,
 * such as a name that does not fit.
 */
static bool check_startup(struct client *client, const struct startup *startup,
                          struct fatal_error *error)
{
    struct text user = startup_value(startup, "user");
    struct text name = tls_server_name(stream_ssl(client->stream));
    fatal_error_set(error, "08P01", "invalid startup packet");
    return access_check_server_name(client_options(client), name, error) && admit(client, error) &&
           access_check_user(user, error) &&
           parameters_translate(startup, &client->to_server, error) &&
           text_copy(user, client->user, sizeof client->user);
}

/*
 * Without TLS the token would travel in clear text, so it is not even asked for.  A
 * NegotiateProtocolVersion must precede the request for the password, so it is written into the
 * same buffer.
 */
static void begin_session(struct client *client, const struct startup *startup)
{
    struct fatal_error error;
    if (client->state == CLIENT_UNENCRYPTED) {
        client_fail_with(client, "28000",
                         "connections must use TLS; connect with sslmode=verify-full, or at least "
                         "sslmode=require");
        return;
    }
    if (!check_startup(client, startup, &error)) {
        client_fail(client, &error);
        return;
    }
    struct buf out AUTO_BUF;
    buf_init(&out, ANSWER_MAX);
    negotiation_write_version(startup, &out);
    buf_drop(&client->in, startup->size);
    client_password_begin(client, &out);
}

/* Both states accept it: libpq before version 17 sends cancel requests without encryption. */
static void begin_cancel(struct client *client, const struct startup *request)
{
    client_cancel_begin(client, text_slice(buf_text(&client->in), 0, request->size));
}

static void read_packet(struct client *client)
{
    bool is_encrypted = client->state == CLIENT_ENCRYPTED;
    struct startup startup;
    enum negotiation_event event = negotiation_next(buf_text(&client->in), is_encrypted, &startup);
    switch (event) {
    case NEGOTIATION_NEEDS_MORE:
        break;
    case NEGOTIATION_DIRECT_TLS:
        begin_tls(client);
        break;
    case NEGOTIATION_SSL_REQUEST:
        accept_tls(client);
        break;
    case NEGOTIATION_GSSENC_REQUEST:
        decline_gss(client, &startup);
        break;
    case NEGOTIATION_CANCEL_REQUEST:
        begin_cancel(client, &startup);
        break;
    case NEGOTIATION_STARTUP_MESSAGE:
        begin_session(client, &startup);
        break;
    case NEGOTIATION_INVALID:
        client_close(client);
        break;
    case NEGOTIATION_UNSUPPORTED_VERSION:
    case NEGOTIATION_INVALID_LAYOUT:
        fail_negotiation(client, event, &startup);
        break;
    }
}

void client_startup_data(struct client *client, struct text bytes)
{
    client_input_keep(client, bytes);
    if (!client_is_over(client)) {
        read_packet(client);
    }
}
