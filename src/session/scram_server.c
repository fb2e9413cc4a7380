/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What is signed (AuthMessage) is the client's first message without its header, the server's
 * first message, and the client's last message without the proof, with commas between them.  All
 * of it is collected as it was received and sent, byte for byte.
 *
 * Downgrades: a client that can bind the channel says so in its first message ("y" if it was not
 * offered, "p" if it was), which is repeated in what is signed.  So if somebody in the middle has
 * removed SCRAM-SHA-256-PLUS from the offer, "y" arrives at a server that has offered it.
 */
#include "session/scram_server.h"

#include "base/base64.h"
#include "base/random.h"
#include "base/secret.h"
#include "wire/sasl.h"

#include <openssl/evp.h>

#include <string.h>

enum { NONCE_BYTES = 24, SIGNING_MAX = 3 * SCRAM_MESSAGE_MAX };

/* SQLSTATEs of PostgreSQL. */
#define PROTOCOL_VIOLATION    "08P01"
#define NOT_SUPPORTED         "0A000"
#define INVALID_AUTHORIZATION "28000"

bool scram_nonce_make(char out[SCRAM_NONCE_SIZE])
{
    unsigned char bytes[NONCE_BYTES];
    struct buf text AUTO_BUF;
    buf_init(&text, SCRAM_NONCE_SIZE);
    if (!random_bytes(bytes, sizeof bytes)) {
        return false;
    }
    base64url_encode(&text, text_of_bytes(bytes, sizeof bytes));
    return buf_ok(&text) && text_copy(buf_text(&text), out, SCRAM_NONCE_SIZE);
}

bool scram_server_init(struct scram_server *server, const struct scram_server_settings *settings)
{
    *server = (struct scram_server){
        .verifier = *settings->verifier,
        .is_mock = settings->is_mock,
        .flag = SCRAM_BINDING_UNSUPPORTED,
        .binding_len = settings->binding.len,
        .sqlstate = "",
        .message = "",
    };
    buf_init(&server->nonce, (size_t)2 * SCRAM_NONCE_MAX);
    buf_init_secret(&server->signing, SIGNING_MAX);
    buf_add_text(&server->nonce, settings->nonce);
    if (settings->binding.len > SCRAM_BINDING_MAX || settings->nonce.len > SCRAM_NONCE_MAX ||
        text_is_empty(settings->nonce)) {
        return false;
    }
    for (size_t i = 0; i < settings->binding.len; i++) {
        server->binding[i] = (unsigned char)settings->binding.data[i];
    }
    return buf_ok(&server->nonce);
}

void scram_server_clear(struct scram_server *server)
{
    secret_wipe(&server->verifier, sizeof server->verifier);
    buf_clear(&server->nonce);
    buf_clear(&server->signing);
    server->state = SCRAM_SERVER_ENDED;
}

static bool has_binding(const struct scram_server *server)
{
    return server->binding_len > 0;
}

/* The preferred one first, as PostgreSQL. */
void scram_server_begin(const struct scram_server *server, struct buf *out)
{
    const struct text names[] = {text_of(SCRAM_MECHANISM_PLUS), text_of(SCRAM_MECHANISM)};
    size_t first = has_binding(server) ? 0 : 1;
    sasl_write_mechanisms(out, names + first, sizeof names / sizeof names[0] - first);
}

static enum scram_server_event invalid(struct scram_server *server, const char *sqlstate,
                                       const char *message)
{
    server->state = SCRAM_SERVER_ENDED;
    server->sqlstate = sqlstate;
    server->message = message;
    return SCRAM_INVALID;
}

static enum scram_server_event malformed(struct scram_server *server)
{
    return invalid(server, PROTOCOL_VIOLATION, "malformed SCRAM message");
}

/* Memory, or what SCRAM_MESSAGE_MAX allows, is exhausted. */
static enum scram_server_event too_much(struct scram_server *server)
{
    return invalid(server, "53200", "out of memory");
}

/* ---- The first message ---- */

/* NULL: the flag fits the mechanism and the connection. */
static const char *binding_mistake(const struct scram_server *server,
                                   const struct scram_client_first *first)
{
    if (server->is_plus) {
        return first->flag == SCRAM_BINDING_USED
                   ? NULL
                   : "the client selected SCRAM-SHA-256-PLUS, but its message does not include "
                     "channel binding data";
    }
    if (first->flag == SCRAM_BINDING_USED) {
        return "the client selected SCRAM-SHA-256 without channel binding, but its message "
               "includes channel binding data";
    }
    return NULL;
}

static bool take_nonce(struct scram_server *server, struct text client_nonce)
{
    char own[SCRAM_NONCE_MAX + 1];
    bool is_copied = text_copy(buf_text(&server->nonce), own, sizeof own);
    buf_reset(&server->nonce);
    buf_add_text(&server->nonce, client_nonce);
    buf_add_string(&server->nonce, own);
    return is_copied && buf_ok(&server->nonce);
}

static enum scram_server_event answer_first(struct scram_server *server,
                                            const struct scram_client_first *first, struct buf *out)
{
    struct buf *signing = &server->signing;
    if (!take_nonce(server, first->nonce)) {
        return too_much(server);
    }
    buf_add_text(signing, first->bare);
    buf_add_char(signing, ',');
    size_t start = signing->len;
    buf_add_string(signing, "r=");
    buf_add_text(signing, buf_text(&server->nonce));
    buf_add_string(signing, ",s=");
    base64_encode(signing, text_of_bytes(server->verifier.salt, server->verifier.salt_len));
    buf_printf(signing, ",i=%d", server->verifier.iterations);
    if (!buf_ok(signing)) {
        return too_much(server);
    }
    sasl_write_data(out, AUTHENTICATION_SASL_CONTINUE,
                    text_slice(buf_text(signing), start, signing->len));
    server->state = SCRAM_SERVER_FIRST_SENT;
    return SCRAM_CONTINUE;
}

static enum scram_server_event on_first(struct scram_server *server, struct text data,
                                        struct buf *out)
{
    struct scram_client_first first;
    enum scram_parse_result result = scram_parse_client_first(data, &first);
    if (result == SCRAM_PARSE_UNSUPPORTED) {
        return invalid(server, NOT_SUPPORTED,
                       "client uses an authorization identity or a SCRAM extension, which are not "
                       "supported");
    }
    if (result == SCRAM_PARSE_MALFORMED) {
        return malformed(server);
    }
    const char *mistake = binding_mistake(server, &first);
    if (mistake != NULL) {
        return invalid(server, PROTOCOL_VIOLATION, mistake);
    }
    if (first.flag == SCRAM_BINDING_UNUSED && has_binding(server)) {
        return invalid(server, INVALID_AUTHORIZATION,
                       "SCRAM channel binding negotiation error: the client supports SCRAM channel "
                       "binding but thinks the server does not");
    }
    if (first.flag == SCRAM_BINDING_USED &&
        !text_equal_string(first.binding_type, SCRAM_BINDING_TYPE)) {
        return invalid(server, PROTOCOL_VIOLATION, "unsupported SCRAM channel-binding type");
    }
    server->flag = first.flag;
    return answer_first(server, &first, out);
}

static enum scram_server_event on_initial(struct scram_server *server, struct text body,
                                          struct buf *out)
{
    struct sasl_initial initial;
    if (!sasl_parse_initial(body, &initial)) {
        return malformed(server);
    }
    server->is_plus =
        has_binding(server) && text_equal_string(initial.mechanism, SCRAM_MECHANISM_PLUS);
    if (!server->is_plus && !text_equal_string(initial.mechanism, SCRAM_MECHANISM)) {
        return invalid(server, PROTOCOL_VIOLATION,
                       "client selected an invalid SASL authentication mechanism");
    }
    if (!initial.has_data) {
        sasl_write_data(out, AUTHENTICATION_SASL_CONTINUE, text_of(""));
        server->state = SCRAM_SERVER_CHALLENGED;
        return SCRAM_CONTINUE;
    }
    return on_first(server, initial.data, out);
}

/* ---- The proof ---- */

static bool is_binding(const struct scram_server *server, struct text got)
{
    struct buf expected AUTO_BUF;
    buf_init(&expected, SCRAM_MESSAGE_MAX);
    scram_write_binding(&expected, server->flag,
                        text_of_bytes(server->binding, server->binding_len));
    return buf_ok(&expected) && secret_equal(expected.data, expected.len, got.data, got.len);
}

/*
 * ClientSignature = HMAC(StoredKey, AuthMessage), ClientKey = proof XOR ClientSignature, and its
 * SHA-256 must be StoredKey.  The time does not depend on where two keys differ.
 */
static bool is_proof(const struct scram_server *server, const struct scram_client_final *final)
{
    unsigned char key[SCRAM_KEY_SIZE];
    unsigned char stored[SCRAM_KEY_SIZE];
    const struct text stored_key =
        text_of_bytes(server->verifier.stored_key, sizeof server->verifier.stored_key);
    bool ok = hmac_sha256(stored_key, buf_text(&server->signing), key);
    for (size_t i = 0; ok && i < sizeof key; i++) {
        key[i] ^= final->proof[i];
    }
    ok = ok && EVP_Digest(key, sizeof key, stored, NULL, EVP_sha256(), NULL) == 1 &&
         secret_equal(stored, sizeof stored, stored_key.data, stored_key.len);
    secret_wipe(key, sizeof key);
    return ok;
}

/* The server's signature lets the client check that this is no impostor. */
static enum scram_server_event answer_final(struct scram_server *server, struct buf *out)
{
    unsigned char signature[SCRAM_KEY_SIZE];
    struct buf data AUTO_BUF;
    buf_init(&data, SCRAM_MESSAGE_MAX);
    if (!hmac_sha256(text_of_bytes(server->verifier.server_key, sizeof server->verifier.server_key),
                     buf_text(&server->signing), signature)) {
        return too_much(server);
    }
    buf_add_string(&data, "v=");
    base64_encode(&data, text_of_bytes(signature, sizeof signature));
    if (!buf_ok(&data)) {
        return too_much(server);
    }
    sasl_write_data(out, AUTHENTICATION_SASL_FINAL, buf_text(&data));
    return SCRAM_AUTHENTICATED;
}

/* A user that does not exist takes the same steps up to the last comparison. */
static enum scram_server_event on_final(struct scram_server *server, struct text data,
                                        struct buf *out)
{
    struct scram_client_final final;
    server->state = SCRAM_SERVER_ENDED;
    if (scram_parse_client_final(data, &final) != SCRAM_PARSE_OK) {
        return malformed(server);
    }
    if (!is_binding(server, final.binding)) {
        return invalid(server, INVALID_AUTHORIZATION, "SCRAM channel binding check failed");
    }
    if (!text_equal(final.nonce, buf_text(&server->nonce))) {
        return invalid(server, PROTOCOL_VIOLATION, "invalid SCRAM response: the nonce differs");
    }
    buf_add_char(&server->signing, ',');
    buf_add_text(&server->signing, final.without_proof);
    if (!buf_ok(&server->signing)) {
        return too_much(server);
    }
    bool is_right = is_proof(server, &final);
    secret_wipe(&final, sizeof final);
    return is_right && !server->is_mock ? answer_final(server, out) : SCRAM_WRONG_PASSWORD;
}

enum scram_server_event scram_server_message(struct scram_server *server, struct text body,
                                             struct buf *out)
{
    switch (server->state) {
    case SCRAM_SERVER_BEGUN:
        return on_initial(server, body, out);
    case SCRAM_SERVER_CHALLENGED:
        return on_first(server, body, out);
    case SCRAM_SERVER_FIRST_SENT:
        return on_final(server, body, out);
    case SCRAM_SERVER_ENDED:
        break;
    }
    return malformed(server);
}
