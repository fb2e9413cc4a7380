/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client sends before its password.  session/negotiation.h says what it is; this file
 * answers the requests for encryption.  Everything here is done for unknown clients, so it must be
 * cheap and bounded.
 */
#include "session/client_startup.h"

#include "session/client_end.h"
#include "session/client_input.h"
#include "session/negotiation.h"

enum { FIRST_MAJOR_WITH_FIELDS = 3 };

/* ---- Encryption -------------------------------------------------------- */

/*
 * The kept bytes are the beginning of the TLS session, which may call on_data() at once.  So the
 * state changes first, and the buffer is taken out of the client before it is used.
 */
static void begin_tls(struct session_client *client, bool is_direct)
{
    session_set_state(client, SESSION_ENCRYPTED);
    struct buf early = session_input_take(client);
    stream_start_tls(client->stream, client->shared->tls, is_direct, buf_text(&early));
    buf_clear(&early);
}

/*
 * NEGOTIATION_ACCEPT must be the last unencrypted byte; the request itself is dropped.
 * negotiation_next() has made sure that nothing follows it (CVE-2021-23214).
 */
static void accept_tls(struct session_client *client)
{
    stream_write(client->stream, text_of(NEGOTIATION_ACCEPT));
    buf_reset(&client->in);
    begin_tls(client, false);
}

/* Without TLS these are sent in clear text, as by PostgreSQL: they contain nothing secret. */
static void fail_negotiation(struct session_client *client, enum negotiation_event event,
                             const struct startup *packet)
{
    struct negotiation_error reason;
    struct fatal_error error;
    negotiation_error(event, packet, &reason);
    fatal_error_set(&error, reason.sqlstate, "%s", reason.message);
    error.is_for_protocol_2 = packet->major < FIRST_MAJOR_WITH_FIELDS;
    session_fail(client, &error);
}

/* The client may go on with another request on the same connection, but not ask this again. */
static void decline(struct session_client *client, const struct startup *request, bool *has_asked)
{
    if (*has_asked) {
        fail_negotiation(client, NEGOTIATION_UNSUPPORTED_VERSION, request);
        return;
    }
    *has_asked = true;
    stream_write(client->stream, text_of(NEGOTIATION_DECLINE));
    buf_reset(&client->in);
}

static void answer_ssl_request(struct session_client *client, const struct startup *request)
{
    if (client->shared->tls == NULL) {
        decline(client, request, &client->has_asked_tls);
    } else {
        accept_tls(client);
    }
}

/* A program without a certificate has no answer that a TLS client could read. */
static void begin_direct_tls(struct session_client *client)
{
    if (client->shared->tls == NULL) {
        session_close(client);
    } else {
        begin_tls(client, true);
    }
}

/* ---- What the program answers ------------------------------------------ */

/* Both states accept it: libpq before version 17 sends cancel requests without encryption. */
static void begin_cancel(struct session_client *client, const struct startup *request)
{
    struct text packet = text_slice(buf_text(&client->in), 0, request->size);
    client->shared->program->on_cancel(client, packet);
}

static void read_packet(struct session_client *client)
{
    bool is_encrypted = client->state == SESSION_ENCRYPTED;
    struct startup startup;
    enum negotiation_event event = negotiation_next(buf_text(&client->in), is_encrypted, &startup);
    switch (event) {
    case NEGOTIATION_NEEDS_MORE:
        break;
    case NEGOTIATION_DIRECT_TLS:
        begin_direct_tls(client);
        break;
    case NEGOTIATION_SSL_REQUEST:
        answer_ssl_request(client, &startup);
        break;
    case NEGOTIATION_GSSENC_REQUEST:
        decline(client, &startup, &client->has_asked_gss);
        break;
    case NEGOTIATION_CANCEL_REQUEST:
        begin_cancel(client, &startup);
        break;
    case NEGOTIATION_STARTUP_MESSAGE:
        client->shared->program->on_startup(client, &startup);
        break;
    case NEGOTIATION_INVALID:
        session_close(client);
        break;
    case NEGOTIATION_UNSUPPORTED_VERSION:
    case NEGOTIATION_INVALID_LAYOUT:
        fail_negotiation(client, event, &startup);
        break;
    }
}

void session_startup_data(struct session_client *client, struct text bytes)
{
    session_input_keep(client, bytes);
    if (!session_is_over(client)) {
        read_packet(client);
    }
}
