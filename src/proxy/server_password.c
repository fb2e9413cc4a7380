/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A token is sent only as what Aurora DSQL asks for, a password in clear text.  Any other request
 * means that the server is not Aurora DSQL.
 */
#include "proxy/server_password.h"

#include "base/error.h"
#include "net/channel_binding.h"
#include "session/scram_server.h"
#include "wire/backend.h"
#include "wire/message.h"
#include "wire/sasl.h"

enum { PASSWORD_MAX = 65536 };

void server_password_write(struct buf *out, struct text password)
{
    struct buf body AUTO_BUF;
    buf_init_secret(&body, PASSWORD_MAX);
    buf_add_text(&body, password);
    buf_add_char(&body, '\0');
    if (!buf_ok(&body)) {
        out->is_broken = true;
        return;
    }
    frame_write(out, FRONTEND_PASSWORD, buf_text(&body));
}

static dsql_status begin_scram(struct server_password *password, const SSL *ssl, dsql_error *err)
{
    unsigned char hash[CHANNEL_BINDING_MAX];
    char nonce[SCRAM_NONCE_SIZE];
    if (!scram_nonce_make(nonce)) {
        return fail(err, DSQL_ERR_SYSTEM, "the system has no random numbers");
    }
    const struct scram_client_settings settings = {
        .password = password->password,
        .binding = text_of_bytes(hash, channel_binding_of_client(ssl, hash)),
        .nonce = text_of(nonce),
    };
    password->has_scram = true;
    return scram_client_init(&password->scram, &settings, err);
}

static dsql_status answer_scram(struct server_password *password, uint32_t code, struct text body,
                                const SSL *ssl, struct buf *out, dsql_error *err)
{
    if (code == AUTHENTICATION_SASL) {
        if (password->has_scram) {
            return fail(err, DSQL_ERR_CONNECT, "the server began SCRAM twice");
        }
        dsql_status status = begin_scram(password, ssl, err);
        return status == DSQL_OK ? scram_client_begin(&password->scram, body, out, err) : status;
    }
    if (!password->has_scram) {
        return fail(err, DSQL_ERR_CONNECT, "the server continued SCRAM before it began");
    }
    return code == AUTHENTICATION_SASL_CONTINUE
               ? scram_client_continue(&password->scram, body, out, err)
               : scram_client_end(&password->scram, body, err);
}

static dsql_status answer(struct server_password *password, uint32_t code, struct text body,
                          const SSL *ssl, struct buf *out, dsql_error *err)
{
    switch (code) {
    case AUTHENTICATION_CLEARTEXT:
        server_password_write(out,
                              text_of_bytes(password->password->data, password->password->len));
        return DSQL_OK;
    case AUTHENTICATION_SASL:
    case AUTHENTICATION_SASL_CONTINUE:
    case AUTHENTICATION_SASL_FINAL:
        return answer_scram(password, code, body, ssl, out, err);
    default:
        return fail(err, DSQL_ERR_CONNECT,
                    "the server asks for an authentication method (%u) that is not supported; "
                    "use scram-sha-256 in its pg_hba.conf",
                    (unsigned)code);
    }
}

enum server_password_result server_password_answer(struct server_password *password,
                                                   struct text body, const SSL *ssl,
                                                   struct buf *out, dsql_error *err)
{
    uint32_t code = 0;
    if (!backend_parse_authentication(body, &code)) {
        fail(err, DSQL_ERR_CONNECT, "the server sent an invalid authentication request");
        return SERVER_PASSWORD_FAILED;
    }
    if (password->password == NULL && code == AUTHENTICATION_CLEARTEXT) {
        return SERVER_PASSWORD_TOKEN;
    }
    if (password->password == NULL) {
        fail(err, DSQL_ERR_CONNECT,
             "the server does not ask for a token, so it is not Aurora DSQL; give the password of "
             "the role");
        return SERVER_PASSWORD_FAILED;
    }
    return answer(password, code, body, ssl, out, err) == DSQL_OK && buf_ok(out)
               ? SERVER_PASSWORD_SEND
               : SERVER_PASSWORD_FAILED;
}

bool server_password_is_done(const struct server_password *password)
{
    return !password->has_scram || scram_client_is_done(&password->scram);
}

void server_password_clear(struct server_password *password)
{
    if (password->has_scram) {
        scram_client_clear(&password->scram);
        password->has_scram = false;
    }
}
