/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What SCRAM-SHA-256 keeps instead of a password, in PostgreSQL's text format (pg_authid):
 * "SCRAM-SHA-256$ITERATIONS:SALT$StoredKey:ServerKey".  Sources: RFC 5802, RFC 7677.  Pure
 * functions: no clock, no randomness, no input or output.
 */
#ifndef DSQL_SESSION_SCRAM_VERIFIER_H
#define DSQL_SESSION_SCRAM_VERIFIER_H

#include "base/buf.h"
#include "base/sha256.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    SCRAM_KEY_SIZE = SHA256_SIZE,
    SCRAM_ITERATIONS = 4096, /* PostgreSQL's default (scram_iterations); RFC 7677 asks for it */
    SCRAM_ITERATIONS_MAX = 1000000, /* takes a few tenths of a second */
    SCRAM_SALT_SIZE = 16,           /* bytes; of those made here, as PostgreSQL's */
    SCRAM_SALT_MAX = 128,
    SCRAM_PASSWORD_MAX = 1024, /* bytes */
    SCRAM_VERIFIER_TEXT_MAX = 512
};

/** Who knows it can pretend to be the server, but not the user.  Plain data; wipe it after use. */
struct scram_verifier {
    int iterations;
    size_t salt_len;
    unsigned char salt[SCRAM_SALT_MAX];
    unsigned char stored_key[SCRAM_KEY_SIZE];
    unsigned char server_key[SCRAM_KEY_SIZE];
};

/** What a client derives from a password: enough to log in, so as secret as the password. */
struct scram_keys {
    unsigned char client_key[SCRAM_KEY_SIZE];
    unsigned char stored_key[SCRAM_KEY_SIZE];
    unsigned char server_key[SCRAM_KEY_SIZE];
};

/** Whether the password is not empty, has a bounded length, and no NUL. */
bool scram_password_is_supported(struct text password);

/** Takes about 1 ms for SCRAM_ITERATIONS.  False: OpenSSL failed, or a value is out of range. */
bool scram_keys_derive(struct scram_keys *keys, struct text password, struct text salt,
                       int iterations) __attribute__((warn_unused_result));

/** The same, as a verifier. */
bool scram_verifier_make(struct scram_verifier *verifier, struct text password, struct text salt,
                         int iterations) __attribute__((warn_unused_result));

/**
 * A verifier that no password matches, for a user that does not exist.  The salt is the same for
 * the same name, as a real user's would be; a stranger who does not know the secret cannot compute
 * it.
 */
bool scram_verifier_mock(struct scram_verifier *verifier, struct text secret, struct text user)
    __attribute__((warn_unused_result));

/** Whether a text is meant to be a verifier and not a password: it begins with "SCRAM-SHA-256$". */
bool scram_verifier_is_text(struct text text);
bool scram_verifier_parse(struct scram_verifier *verifier, struct text text)
    __attribute__((warn_unused_result));
/** out should be a secret buffer. */
void scram_verifier_write(const struct scram_verifier *verifier, struct buf *out);

#endif
