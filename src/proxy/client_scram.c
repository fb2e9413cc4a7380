/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A user that does not exist goes through the same exchange, so that names cannot be guessed.  The
 * state of the exchange is kept only while it lasts: thousands of sessions need none.
 */
#include "proxy/client_scram.h"

#include "base/memory.h"
#include "net/channel_binding.h"
#include "proxy/client_waiting.h"
#include "session/client_end.h"
#include "session/client_input.h"
#include "session/scram_server.h"
#include "wire/backend.h"

enum { ANSWER_MAX = 8192 };

struct proxy_scram {
    struct scram_server server;
    char user[SETTINGS_NAME_SIZE]; /* for the error; cut, as PostgreSQL cuts it */
};

void proxy_scram_clear(struct proxy_client *client)
{
    if (client->scram != NULL) {
        scram_server_clear(&client->scram->server);
        mem_free(client->scram);
        client->scram = NULL;
    }
}

/* ---- The end of the exchange ------------------------------------------- */

/* The text is PostgreSQL's. */
static void refuse(struct session_client *session)
{
    struct fatal_error error;
    proxy_client_of(session)->cluster->counters.clients_refused++;
    fatal_error_set(&error, "28P01", "password authentication failed for user \"%s\"",
                    proxy_client_of(session)->scram->user);
    session_fail(session, &error);
}

static void reject_message(struct session_client *session)
{
    const struct scram_server *scram = &proxy_client_of(session)->scram->server;
    proxy_client_of(session)->cluster->counters.clients_refused++;
    session_fail_with(session, scram->sqlstate, scram->message);
}

static void let_in(struct session_client *session, struct buf *out)
{
    proxy_scram_clear(proxy_client_of(session));
    if (proxy_client_admit(session)) {
        proxy_waiting_begin(session, out);
    }
}

/* ---- The exchange ------------------------------------------------------ */

static void answer(struct session_client *session, struct text body)
{
    struct buf out AUTO_BUF;
    buf_init(&out, ANSWER_MAX);
    switch (scram_server_message(&proxy_client_of(session)->scram->server, body, &out)) {
    case SCRAM_CONTINUE:
        stream_write(session->stream, buf_text(&out));
        break;
    case SCRAM_AUTHENTICATED:
        let_in(session, &out);
        break;
    case SCRAM_WRONG_PASSWORD:
        refuse(session);
        break;
    case SCRAM_INVALID:
        reject_message(session);
        break;
    }
}

/* One message at a time: an honest client waits for the answer. */
static void read_messages(struct session_client *session)
{
    struct frame frame;
    enum frame_result result = FRAME_COMPLETE;
    while (session->state == PROXY_SCRAM && result == FRAME_COMPLETE) {
        result = frame_next(buf_text(&session->in), SCRAM_CLIENT_FRAME_MAX, &frame);
        if (result == FRAME_MALFORMED ||
            (result == FRAME_COMPLETE && frame.type != FRONTEND_PASSWORD)) {
            session_fail_with(session, "08P01", "expected SASL response");
            return;
        }
        if (result == FRAME_COMPLETE) {
            struct buf message = session_input_take(session);
            struct text rest = text_slice(buf_text(&message), frame.size, message.len);
            session_input_keep(session, rest);
            answer(session, frame.body);
            buf_clear(&message);
        }
    }
}

void proxy_scram_data(struct session_client *session, struct text bytes)
{
    session_input_keep(session, bytes);
    read_messages(session);
}

static bool begin(struct session_client *session, struct text user)
{
    struct proxy_client *client = proxy_client_of(session);
    const struct proxy_options *options = proxy_client_options(session);
    unsigned char hash[CHANNEL_BINDING_MAX];
    char nonce[SCRAM_NONCE_SIZE];
    struct scram_verifier verifier;
    const SSL *ssl = stream_ssl(session->stream);
    bool is_known = options->find_verifier(options->find_verifier_arg, user, &verifier);
    bool has_nonce = scram_nonce_make(nonce);
    const struct scram_server_settings settings = {
        .verifier = &verifier,
        .is_mock = !is_known,
        .binding = text_of_bytes(hash, ssl == NULL ? 0 : channel_binding_of_server(ssl, hash)),
        .nonce = text_of(has_nonce ? nonce : ""),
    };
    client->scram = mem_new(sizeof *client->scram);
    bool is_begun =
        client->scram != NULL && has_nonce && scram_server_init(&client->scram->server, &settings);
    if (is_begun) {
        text_copy(text_slice(user, 0, text_utf8_prefix(user, SETTINGS_NAME_SIZE - 1)),
                  client->scram->user, sizeof client->scram->user);
    }
    secret_wipe(&verifier, sizeof verifier);
    return is_begun;
}

void proxy_scram_begin(struct session_client *session, struct text user, struct buf *out)
{
    session_set_state(session, PROXY_SCRAM);
    session_wait(session, WAITING_PASSWORD);
    if (!begin(session, user)) {
        session_fail_with(session, "53200", "out of memory");
        return;
    }
    scram_server_begin(&proxy_client_of(session)->scram->server, out);
    if (buf_ok(out)) {
        stream_write(session->stream, buf_text(out));
    }
    read_messages(session);
}
