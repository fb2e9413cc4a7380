/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's side of one login by SCRAM-SHA-256, with channel binding (SCRAM-SHA-256-PLUS) when
 * the connection is encrypted: RFC 5802, RFC 7677, and PostgreSQL's messages for it.  A state
 * machine on bytes: no sockets, no clock, no randomness of its own.
 *
 *   scram_server_init(), scram_server_begin(): AuthenticationSASL
 *   scram_server_message(SASLInitialResponse): SCRAM_CONTINUE, AuthenticationSASLContinue
 *   scram_server_message(SASLResponse): SCRAM_AUTHENTICATED, AuthenticationSASLFinal
 *
 * The caller frames the client's messages ('p') and must bound them before the login to
 * SCRAM_CLIENT_FRAME_MAX, appends AuthenticationOk after SCRAM_AUTHENTICATED, and sends the errors.
 */
#ifndef DSQL_SESSION_SCRAM_SERVER_H
#define DSQL_SESSION_SCRAM_SERVER_H

#include "session/scram_message.h"
#include "session/scram_verifier.h"

#include <stdbool.h>

enum {
    SCRAM_NONCE_SIZE = 33,        /* 24 random bytes in base64url, and NUL */
    SCRAM_CLIENT_FRAME_MAX = 2048 /* the length field of a 'p' message, at most */
};

/** A new nonce of the kernel's randomness.  False: there was none; then refuse the login. */
bool scram_nonce_make(char out[SCRAM_NONCE_SIZE]) __attribute__((warn_unused_result));

/** Where the exchange is. */
enum scram_server_state {
    SCRAM_SERVER_BEGUN,      /* the mechanisms are offered */
    SCRAM_SERVER_CHALLENGED, /* a mechanism is chosen, and an empty challenge sent */
    SCRAM_SERVER_FIRST_SENT, /* the proof is expected */
    SCRAM_SERVER_ENDED       /* nothing more is accepted */
};

enum scram_server_event {
    SCRAM_CONTINUE,
    SCRAM_AUTHENTICATED,
    SCRAM_WRONG_PASSWORD, /* or no such user: a client must not learn which */
    SCRAM_INVALID         /* sqlstate and message say why, in PostgreSQL's words */
};

struct scram_server_settings {
    const struct scram_verifier *verifier; /* copied */
    bool is_mock;        /* from scram_verifier_mock(): the login fails, whatever is sent */
    struct text binding; /* hash of the server's certificate; empty: no channel binding */
    struct text nonce;   /* printable, never used twice; see scram_nonce_make() */
};

struct scram_server {
    enum scram_server_state state;
    struct scram_verifier verifier;
    bool is_mock;
    bool is_plus; /* the client has chosen SCRAM-SHA-256-PLUS */
    enum scram_binding_flag flag;
    size_t binding_len;
    unsigned char binding[SCRAM_BINDING_MAX];
    struct buf nonce;     /* the server's; then the client's and the server's */
    struct buf signing;   /* the messages so far, as they are signed */
    const char *sqlstate; /* after SCRAM_INVALID */
    const char *message;
};

/** False: out of memory, or a setting is too long.  To be cleared in either case. */
bool scram_server_init(struct scram_server *server, const struct scram_server_settings *settings)
    __attribute__((warn_unused_result));
/** Wipes the keys. */
void scram_server_clear(struct scram_server *server);

/** Appends AuthenticationSASL. */
void scram_server_begin(const struct scram_server *server, struct buf *out);

/** Takes the body of a client's 'p' message and appends the answer, if there is one, to out. */
enum scram_server_event scram_server_message(struct scram_server *server, struct text body,
                                             struct buf *out);

#endif
