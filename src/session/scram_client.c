/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The mirror of scram_server.c.  Every message of the server is checked before anything is derived
 * from it: a server that repeats no nonce, or asks for too many iterations, learns nothing.
 */
#include "session/scram_client.h"

#include "base/base64.h"
#include "base/error.h"
#include "wire/sasl.h"

#include <string.h>

enum { SIGNING_MAX = 3 * SCRAM_MESSAGE_MAX };

void scram_client_cache_clear(struct scram_client_cache *cache)
{
    secret_wipe(cache, sizeof *cache);
}

static struct text password_of(const struct scram_client *client)
{
    return text_of(secret_string(client->password));
}

dsql_status scram_client_init(struct scram_client *client,
                              const struct scram_client_settings *settings, dsql_error *err)
{
    *client = (struct scram_client){
        .password = settings->password,
        .cache = settings->cache,
        .flag = SCRAM_BINDING_UNSUPPORTED,
    };
    buf_init(&client->nonce, SCRAM_NONCE_MAX);
    buf_init_secret(&client->signing, SIGNING_MAX);
    if (!scram_password_is_supported(password_of(client))) {
        return fail(err, DSQL_ERR_USAGE,
                    "the password is not usable with SCRAM-SHA-256: it must have 1 to %d bytes",
                    SCRAM_PASSWORD_MAX);
    }
    if (settings->binding.len > SCRAM_BINDING_MAX) {
        return fail(err, DSQL_ERR_USAGE, "the hash of the certificate is too long");
    }
    client->binding_len = settings->binding.len;
    for (size_t i = 0; i < settings->binding.len; i++) {
        client->binding[i] = (unsigned char)settings->binding.data[i];
    }
    buf_add_text(&client->nonce, settings->nonce);
    return buf_ok(&client->nonce) ? DSQL_OK : fail_nomem(err);
}

void scram_client_clear(struct scram_client *client)
{
    secret_wipe(&client->keys, sizeof client->keys);
    buf_clear(&client->nonce);
    buf_clear(&client->signing);
    client->state = SCRAM_CLIENT_FAILED;
}

bool scram_client_is_done(const struct scram_client *client)
{
    return client->state == SCRAM_CLIENT_DONE;
}

/* Moves on; an exchange that failed, or a message out of turn, stays failed. */
static bool advance(struct scram_client *client, enum scram_client_state from,
                    enum scram_client_state to)
{
    bool is_in_turn = client->state == from;
    client->state = is_in_turn ? to : SCRAM_CLIENT_FAILED;
    return is_in_turn;
}

static dsql_status fail_exchange(struct scram_client *client, dsql_error *err, const char *why)
{
    client->state = SCRAM_CLIENT_FAILED;
    return fail(err, DSQL_ERR_CONNECT, "the login by SCRAM-SHA-256 failed: %s", why);
}

static bool offers(const struct text *names, size_t count, const char *mechanism)
{
    bool is_found = false;
    for (size_t i = 0; i < count; i++) {
        is_found = is_found || text_equal_string(names[i], mechanism);
    }
    return is_found;
}

/* The user's name is empty, as libpq's: PostgreSQL has it from the startup message. */
static bool write_first(struct scram_client *client, const char *mechanism, struct buf *out)
{
    struct buf data AUTO_BUF;
    buf_init(&data, SCRAM_MESSAGE_MAX);
    buf_add_string(&data, scram_binding_header(client->flag));
    size_t start = data.len;
    buf_add_string(&data, "n=,r=");
    buf_add_text(&data, buf_text(&client->nonce));
    buf_add_text(&client->signing, text_slice(buf_text(&data), start, data.len));
    const struct sasl_initial initial = {
        .mechanism = text_of(mechanism), .data = buf_text(&data), .has_data = true};
    sasl_write_initial(out, &initial);
    return buf_ok(&data) && buf_ok(&client->signing) && buf_ok(out);
}

dsql_status scram_client_begin(struct scram_client *client, struct text body, struct buf *out,
                               dsql_error *err)
{
    struct text names[SASL_MECHANISMS_MAX];
    size_t count = 0;
    if (!advance(client, SCRAM_CLIENT_NEW, SCRAM_CLIENT_FIRST_SENT) ||
        !sasl_parse_mechanisms(body, names, &count)) {
        return fail_exchange(client, err, "the server sent an invalid list of mechanisms");
    }
    bool has_binding = client->binding_len > 0;
    bool is_plus = has_binding && offers(names, count, SCRAM_MECHANISM_PLUS);
    if (!is_plus && !offers(names, count, SCRAM_MECHANISM)) {
        return fail_exchange(client, err, "the server does not offer this mechanism");
    }
    if (has_binding) {
        client->flag = is_plus ? SCRAM_BINDING_USED : SCRAM_BINDING_UNUSED;
    }
    return write_first(client, is_plus ? SCRAM_MECHANISM_PLUS : SCRAM_MECHANISM, out)
               ? DSQL_OK
               : fail_nomem(err);
}

/* ---- The proof ---- */

static bool take_from_cache(struct scram_client *client, const struct scram_server_first *first)
{
    const struct scram_client_cache *cache = client->cache;
    if (cache == NULL || cache->iterations == 0 || cache->iterations != first->iterations ||
        !text_equal(text_of_bytes(cache->salt, cache->salt_len),
                    text_of_bytes(first->salt, first->salt_len))) {
        return false;
    }
    client->keys = cache->keys;
    return true;
}

static bool derive_keys(struct scram_client *client, const struct scram_server_first *first)
{
    struct scram_client_cache *cache = client->cache;
    if (take_from_cache(client, first)) {
        return true;
    }
    if (!scram_keys_derive(&client->keys, password_of(client),
                           text_of_bytes(first->salt, first->salt_len), first->iterations)) {
        return false;
    }
    if (cache != NULL) {
        cache->iterations = first->iterations;
        cache->salt_len = first->salt_len;
        memcpy(cache->salt, first->salt, first->salt_len);
        cache->keys = client->keys;
    }
    return true;
}

/* Replaces the signature by the proof: ClientKey XOR HMAC(StoredKey, AuthMessage). */
static bool make_proof(const struct scram_client *client, unsigned char proof[SCRAM_KEY_SIZE])
{
    const struct scram_keys *keys = &client->keys;
    if (!hmac_sha256(text_of_bytes(keys->stored_key, sizeof keys->stored_key),
                     buf_text(&client->signing), proof)) {
        return false;
    }
    for (size_t i = 0; i < SCRAM_KEY_SIZE; i++) {
        proof[i] ^= keys->client_key[i];
    }
    return true;
}

static bool write_final(struct scram_client *client, const struct scram_server_first *first,
                        struct text server_message, struct buf *out)
{
    unsigned char proof[SCRAM_KEY_SIZE];
    struct buf data AUTO_BUF;
    buf_init_secret(&data, SCRAM_MESSAGE_MAX);
    buf_add_string(&data, "c=");
    scram_write_binding(&data, client->flag, text_of_bytes(client->binding, client->binding_len));
    buf_add_string(&data, ",r=");
    buf_add_text(&data, first->nonce);
    buf_add_char(&client->signing, ',');
    buf_add_text(&client->signing, server_message);
    buf_add_char(&client->signing, ',');
    buf_add_text(&client->signing, buf_text(&data));
    if (!buf_ok(&data) || !buf_ok(&client->signing) || !make_proof(client, proof)) {
        return false;
    }
    buf_add_string(&data, ",p=");
    base64_encode(&data, text_of_bytes(proof, sizeof proof));
    secret_wipe(proof, sizeof proof);
    sasl_write_response(out, buf_text(&data));
    return buf_ok(&data) && buf_ok(out);
}

/* The nonce must begin with the client's, and the server must have added one of its own. */
static bool is_own_nonce(const struct scram_client *client, struct text nonce)
{
    struct text own = buf_text(&client->nonce);
    return nonce.len > own.len && text_equal(text_slice(nonce, 0, own.len), own);
}

dsql_status scram_client_continue(struct scram_client *client, struct text body, struct buf *out,
                                  dsql_error *err)
{
    struct text data;
    struct scram_server_first first;
    if (!advance(client, SCRAM_CLIENT_FIRST_SENT, SCRAM_CLIENT_FINAL_SENT) ||
        !sasl_parse_data(body, AUTHENTICATION_SASL_CONTINUE, &data) ||
        scram_parse_server_first(data, &first) != SCRAM_PARSE_OK) {
        return fail_exchange(client, err, "the server sent an invalid challenge");
    }
    if (!is_own_nonce(client, first.nonce)) {
        return fail_exchange(client, err, "the server did not repeat the nonce");
    }
    if (first.iterations > SCRAM_ITERATIONS_MAX) {
        return fail_exchange(client, err, "the server asks for too many iterations");
    }
    if (!derive_keys(client, &first) || !write_final(client, &first, data, out)) {
        client->state = SCRAM_CLIENT_FAILED;
        return fail_nomem(err);
    }
    return DSQL_OK;
}

dsql_status scram_client_end(struct scram_client *client, struct text body, dsql_error *err)
{
    struct text data;
    struct scram_server_final final;
    unsigned char signature[SCRAM_KEY_SIZE];
    if (!advance(client, SCRAM_CLIENT_FINAL_SENT, SCRAM_CLIENT_DONE) ||
        !sasl_parse_data(body, AUTHENTICATION_SASL_FINAL, &data) ||
        scram_parse_server_final(data, &final) != SCRAM_PARSE_OK) {
        return fail_exchange(client, err, "the server sent an invalid last message");
    }
    if (!text_is_empty(final.error)) {
        return fail_exchange(client, err, "the server rejected the proof of the password");
    }
    const struct scram_keys *keys = &client->keys;
    if (!hmac_sha256(text_of_bytes(keys->server_key, sizeof keys->server_key),
                     buf_text(&client->signing), signature)) {
        client->state = SCRAM_CLIENT_FAILED;
        return fail_nomem(err);
    }
    if (!secret_equal(signature, sizeof signature, final.signature, sizeof final.signature)) {
        return fail_exchange(client, err, "the server does not know the password");
    }
    return DSQL_OK;
}
