/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's side of a login by SCRAM-SHA-256, for a plain PostgreSQL as the far server: the same
 * RFCs and messages as in scram_server.h.  A state machine on bytes.
 *
 *   scram_client_init()
 *   scram_client_begin(AuthenticationSASL): SASLInitialResponse
 *   scram_client_continue(AuthenticationSASLContinue): SASLResponse
 *   scram_client_end(AuthenticationSASLFinal): the server has proved that it knows the password
 *
 * AuthenticationOk must not be accepted before scram_client_is_done().
 */
#ifndef DSQL_SESSION_SCRAM_CLIENT_H
#define DSQL_SESSION_SCRAM_CLIENT_H

#include "base/secret.h"
#include "session/scram_message.h"

#include <dsql.h>

#include <stdbool.h>

/**
 * The keys of the last login, so that the next one with the same salt need not derive them, which
 * takes 1 ms or more.  Zeroed at first; as secret as the password; cleared with
 * scram_client_cache_clear().
 */
struct scram_client_cache {
    int iterations; /* 0: empty */
    size_t salt_len;
    unsigned char salt[SCRAM_SALT_MAX];
    struct scram_keys keys;
};
void scram_client_cache_clear(struct scram_client_cache *cache);

struct scram_client_settings {
    const struct secret *password;    /* must outlive the login */
    struct scram_client_cache *cache; /* of this user and password; may be NULL */
    struct text binding; /* hash of the server's certificate; empty: no channel binding */
    struct text nonce;   /* printable, never used twice */
};

enum scram_client_state {
    SCRAM_CLIENT_NEW,
    SCRAM_CLIENT_FIRST_SENT,
    SCRAM_CLIENT_FINAL_SENT,
    SCRAM_CLIENT_DONE,
    SCRAM_CLIENT_FAILED
};

struct scram_client {
    enum scram_client_state state;
    const struct secret *password;
    struct scram_client_cache *cache;
    struct scram_keys keys;
    enum scram_binding_flag flag;
    size_t binding_len;
    unsigned char binding[SCRAM_BINDING_MAX];
    struct buf nonce; /* the client's */
    struct buf signing;
};

/** Fails if the password is not supported (see scram_verifier.h).  To be cleared in either case. */
dsql_status scram_client_init(struct scram_client *client,
                              const struct scram_client_settings *settings, dsql_error *err);
/** Wipes the keys. */
void scram_client_clear(struct scram_client *client);

/**
 * Each takes the body of an authentication message ('R') and appends the answer to out.
 * DSQL_ERR_CONNECT: the server breaks the protocol, or does not know the password.  A server may
 * ask for SCRAM_ITERATIONS_MAX iterations, which take a few tenths of a second.
 */
dsql_status scram_client_begin(struct scram_client *client, struct text body, struct buf *out,
                               dsql_error *err);
dsql_status scram_client_continue(struct scram_client *client, struct text body, struct buf *out,
                                  dsql_error *err);
dsql_status scram_client_end(struct scram_client *client, struct text body, dsql_error *err);

bool scram_client_is_done(const struct scram_client *client);

#endif
