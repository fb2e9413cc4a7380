/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a proxy answers when a server asks for a password: the token of Aurora DSQL in clear text
 * (inside TLS), or the password of a PostgreSQL, also by SCRAM-SHA-256.  No sockets.
 */
#ifndef DSQL_PROXY_SERVER_PASSWORD_H
#define DSQL_PROXY_SERVER_PASSWORD_H

#include "base/secret.h"
#include "session/scram_client.h"

#include <openssl/ssl.h>

/** All zero but for the password: nothing has been asked. */
struct server_password {
    const struct secret *password; /* NULL: tokens */
    struct scram_client scram;
    bool has_scram;
};

enum server_password_result {
    SERVER_PASSWORD_SEND,  /* out is the answer, if it is not empty */
    SERVER_PASSWORD_TOKEN, /* the caller sends a token: see server_password_write() */
    SERVER_PASSWORD_FAILED /* *err says why */
};

/** body: of an authentication message other than AuthenticationOk.  out should be secret. */
enum server_password_result server_password_answer(struct server_password *password,
                                                   struct text body, const SSL *ssl,
                                                   struct buf *out, dsql_error *err);

/** Appends a PasswordMessage. */
void server_password_write(struct buf *out, struct text password);

/** Whether an AuthenticationOk may be believed now. */
bool server_password_is_done(const struct server_password *password);

void server_password_clear(struct server_password *password);

#endif
