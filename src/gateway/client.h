/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of the gateway: what session/client.h has, and what is Aurora DSQL's.  The table of
 * its states is in client_states.c; the files with the handlers are named for the states.
 *
 *   UNENCRYPTED -> ENCRYPTED -> PASSWORD -> CONNECTING -> LOGIN [-> MAPPING] -> RELAY
 *   UNENCRYPTED or ENCRYPTED -> CANCELING
 *   any of these -> ENDING -> CLOSED, or at once -> CLOSED
 */
#ifndef DSQL_GATEWAY_CLIENT_H
#define DSQL_GATEWAY_CLIENT_H

#include "config/settings.h"
#include "gateway/admission.h"
#include "gateway/gateway_options.h"
#include "gateway/sql_rewriter.h"
#include "session/client.h"
#include "session/server_login.h"
#include "token/verify.h"

enum { CLIENT_PASSWORD_MAX = TOKEN_MAX_SIZE + 8 /* header and NUL */ };

/** The gateway's own states, beside those of session/client.h. */
enum gateway_state {
    GATEWAY_PASSWORD = SESSION_OWN, /* asked for the password, which is an IAM token */
    GATEWAY_CONNECTING,             /* the token is valid; connecting to PostgreSQL */
    GATEWAY_LOGIN,                  /* logging in to PostgreSQL as the client's role */
    GATEWAY_MAPPING,   /* asked PostgreSQL whether the identity is mapped to the role */
    GATEWAY_CANCELING, /* passes a cancel request on, then ends */
    GATEWAY_STATES
};

/** What all clients of one gateway share, beside struct session_shared. */
struct gateway_shared {
    const struct gateway_options *options; /* limits resolved: never 0 */
    struct admission admission;
};

struct gateway_client {
    struct session_client session; /* the first, see gateway_client_of() */
    bool is_admitted;              /* counts as a connection */
    bool is_mapped;                /* PostgreSQL confirmed that the identity may be this role */
    char user[SETTINGS_NAME_SIZE];
    char arn[GATEWAY_IDENTITY_ARN_SIZE]; /* of the identity, once the token was checked */
    struct buf to_server;                /* the first packet for the server */
    struct server_login login;
    struct sql_rewriter rewriter; /* of what the client sends through the relay */
};

struct gateway_client *gateway_client_of(struct session_client *session);

struct gateway_shared *gateway_client_shared(const struct session_client *session);

const struct gateway_options *gateway_client_options(const struct session_client *session);

/**
 * Changes to that state and connects to PostgreSQL; on_server_open or on_server_end follows.
 * gateway_client_send_first() then sends client->to_server.
 */
void gateway_client_connect(struct session_client *session, int state);
void gateway_client_send_first(struct session_client *session);

/** session_fail() with the error of a cluster whose PostgreSQL cannot be reached or used. */
void gateway_client_fail_unavailable(struct session_client *session);

/** session_fail() with the error of an identity that may not be the role it asked for. */
void gateway_client_fail_unauthorized(struct session_client *session);

#endif
