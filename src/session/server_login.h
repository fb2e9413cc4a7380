/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's side of a login on a client's behalf: reads what the server sends until
 * the session is ready, and keeps what the client must receive in turn (AuthenticationOk,
 * ParameterStatus, BackendKeyData, notices): the greeting.  The caller may run queries of
 * its own before it passes the greeting on; their answers are not kept.
 *
 * Knows no sockets; does not decide who may log in.
 */
#ifndef DSQL_SESSION_SERVER_LOGIN_H
#define DSQL_SESSION_SERVER_LOGIN_H

#include "base/buf.h"
#include "wire/message.h"

#include <stdbool.h>

enum { SERVER_LOGIN_CANCEL_KEY_SIZE = 8 }; /* process id and key of protocol 3.0 */

struct server_login {
    const char *server_version; /* shown to the client; NULL: the server's own */
    struct buf in;              /* from the server ... */
    size_t returned_size;       /* ... of which the caller still reads this much */
    struct buf greeting;
    char cancel_key[SERVER_LOGIN_CANCEL_KEY_SIZE]; /* BackendKeyData's body ... */
    bool has_cancel_key;                           /* ... if it had this size */
    bool is_authenticated;
    bool is_querying;   /* what comes is the answer to a query of the caller */
    bool is_key_hidden; /* the caller gives the client a cancel key of its own; see init() */
};

enum server_login_event {
    SERVER_LOGIN_NEEDS_MORE,
    SERVER_LOGIN_READY,         /* ReadyForQuery */
    SERVER_LOGIN_ERROR,         /* ErrorResponse */
    SERVER_LOGIN_DATA_ROW,      /* of a query of the caller */
    SERVER_LOGIN_ASKS_PASSWORD, /* any authentication message but AuthenticationOk */
    SERVER_LOGIN_INVALID        /* not the protocol, or too much of it */
};

/** is_key_hidden may be set after it. */
void server_login_init(struct server_login *login, const char *server_version);
void server_login_clear(struct server_login *login);

/** Adds bytes that the server sent. */
void server_login_add(struct server_login *login, struct text bytes);

/**
 * Reads up to the next message that the caller must act on.  *message is valid until the
 * next call.
 */
enum server_login_event server_login_next(struct server_login *login, struct frame *message);

/** What a CancelRequest for this session contains; the empty text if it is not known. */
struct text server_login_cancel_key(const struct server_login *login);

/** The caller sends a query; from now on nothing is kept but changed parameters. */
void server_login_begin_query(struct server_login *login);

/** Completes the greeting with the server's ReadyForQuery. */
void server_login_end_greeting(struct server_login *login, const struct frame *ready);

/** What the server sent after the last message that was returned. */
struct text server_login_rest(struct server_login *login);

#endif
