/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The four messages of SCRAM, read from text: RFC 5802, section 7.  Only their form is checked
 * here; what they mean is in scram_server.h and scram_client.h.  All texts point into the message.
 */
#ifndef DSQL_SESSION_SCRAM_MESSAGE_H
#define DSQL_SESSION_SCRAM_MESSAGE_H

#include "base/buf.h"
#include "base/text.h"
#include "session/scram_verifier.h"

#include <stdbool.h>
#include <stddef.h>

#define SCRAM_MECHANISM      "SCRAM-SHA-256"
#define SCRAM_MECHANISM_PLUS "SCRAM-SHA-256-PLUS"
/** The only type of channel binding that PostgreSQL has (RFC 5929). */
#define SCRAM_BINDING_TYPE "tls-server-end-point"

enum {
    SCRAM_MESSAGE_MAX = 1024, /* bytes; PostgreSQL: PG_MAX_SASL_MESSAGE_LENGTH */
    SCRAM_NONCE_MAX = 256,    /* of one side, in characters */
    SCRAM_BINDING_MAX = 64    /* bytes of a certificate's hash */
};

/** What a client says of channel binding: the first character of its first message. */
enum scram_binding_flag {
    SCRAM_BINDING_UNSUPPORTED = 'n', /* the client has none */
    SCRAM_BINDING_UNUSED = 'y',      /* it has, and believes that the server has not */
    SCRAM_BINDING_USED = 'p'
};

/**
 * UNSUPPORTED: well-formed, but with something that this project does not have: an authorization
 * identity, or a mandatory extension.
 */
enum scram_parse_result { SCRAM_PARSE_OK, SCRAM_PARSE_MALFORMED, SCRAM_PARSE_UNSUPPORTED };

struct scram_client_first {
    enum scram_binding_flag flag;
    struct text binding_type; /* for SCRAM_BINDING_USED */
    struct text bare;         /* from "n=" on: a part of what is signed */
    struct text nonce;
};
enum scram_parse_result scram_parse_client_first(struct text message,
                                                 struct scram_client_first *out);

struct scram_server_first {
    struct text nonce; /* the client's and the server's */
    size_t salt_len;
    unsigned char salt[SCRAM_SALT_MAX];
    int iterations;
};
enum scram_parse_result scram_parse_server_first(struct text message,
                                                 struct scram_server_first *out);

struct scram_client_final {
    struct text binding; /* in base64 */
    struct text nonce;
    struct text without_proof; /* a part of what is signed */
    unsigned char proof[SCRAM_KEY_SIZE];
};
enum scram_parse_result scram_parse_client_final(struct text message,
                                                 struct scram_client_final *out);

struct scram_server_final {
    struct text error; /* empty: the signature is set */
    unsigned char signature[SCRAM_KEY_SIZE];
};
enum scram_parse_result scram_parse_server_final(struct text message,
                                                 struct scram_server_final *out);

/** "n,,", "y,," or "p=tls-server-end-point,,". */
const char *scram_binding_header(enum scram_binding_flag flag);

/** Appends the value of "c=": the header, then the hash if the flag is SCRAM_BINDING_USED. */
void scram_write_binding(struct buf *out, enum scram_binding_flag flag, struct text hash);

#endif
