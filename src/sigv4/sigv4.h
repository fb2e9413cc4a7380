/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS Signature Version 4, as pure functions: one for each text of the IAM User
 * Guide, "Create a signed AWS API request", so that a test can look at every step.
 * Knows no service, no clock, no credentials chain, and sends nothing.
 *
 * All false returns mean: out of memory, a buffer's maximum, or a failing libcrypto.
 * Canonical requests hold the session token: give secret buffers, never log them.
 */
#ifndef DSQL_SIGV4_SIGV4_H
#define DSQL_SIGV4_SIGV4_H

#include "base/buf.h"
#include "base/secret.h"
#include "base/sha256.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Limits are bytes unless they say otherwise. */
enum {
    SIGV4_KEY_SIZE = 32,            /* SHA-256 */
    SIGV4_HEX_SIZE = 65,            /* the same in hex, and NUL */
    SIGV4_MAX_PARAMS = 16,          /* of one query */
    SIGV4_MAX_TEXT = 256 * 1024,    /* a session token of 64 KiB, percent-encoded, and the rest */
    SIGV4_MAX_EXPIRES_S = 7 * 86400 /* of a presigned URL */
};

#define SIGV4_ALGORITHM "AWS4-HMAC-SHA256"

/** A name and a value, not yet encoded.  Names hold unreserved characters only and differ. */
struct sigv4_param {
    const char *name;
    const char *value;
};

/** What a request signs.  Headers: lower-case names, in their order, values trimmed. */
struct sigv4_request {
    const char *method;
    const char *path;  /* encoded already */
    struct text query; /* canonical, as from sigv4_canonical_query() */
    const struct sigv4_param *headers;
    size_t header_count;
    struct text payload;
};

/** What a signature is valid for.  The strings belong to the caller. */
struct sigv4_scope {
    char time[17]; /* "20240827T000000Z"; the first eight are the date of the scope */
    const char *region;
    const char *service;
};

/** A GET with its signature in the query, signing the header host alone. */
struct sigv4_presign {
    const char *host;
    const struct sigv4_param *params; /* the request's own, without those of SigV4 */
    size_t param_count;
    const char *access_key_id;
    const char *session_token; /* NULL: the parameter is left out */
    struct sigv4_scope scope;
    int64_t expires_s;
};

/** Lower-case hex of the SHA-256. */
bool sigv4_sha256_hex(struct text data, char out[SIGV4_HEX_SIZE])
    __attribute__((warn_unused_result));

/** Encodes and orders by name: "a=1&b=%2F". */
bool sigv4_canonical_query(const struct sigv4_param *params, size_t count, struct buf *out)
    __attribute__((warn_unused_result));

/** "content-type;host;x-amz-date". */
void sigv4_signed_headers(const struct sigv4_request *request, struct buf *out);

/** "20240827/us-east-1/dsql/aws4_request". */
void sigv4_scope_text(const struct sigv4_scope *scope, struct buf *out);

/** The text of step 1: method, path, query, headers, their names, hash of the payload. */
bool sigv4_canonical_request(const struct sigv4_request *request, struct buf *out)
    __attribute__((warn_unused_result));

/** The text of step 2: algorithm, time, scope, hash of the canonical request. */
bool sigv4_string_to_sign(const struct sigv4_scope *scope, struct text canonical_request,
                          struct buf *out) __attribute__((warn_unused_result));

/** The same without the hash at its end. */
void sigv4_string_to_sign_start(const struct sigv4_scope *scope, struct buf *out);

/** The key of one day, region and service.  The caller wipes it. */
bool sigv4_signing_key(struct sha256 *hash, const struct secret *secret_access_key,
                       const struct sigv4_scope *scope, unsigned char key[SIGV4_KEY_SIZE])
    __attribute__((warn_unused_result));

/** The last step: HMAC with the signing key, in hex. */
bool sigv4_signature(const unsigned char key[SIGV4_KEY_SIZE], struct text string_to_sign,
                     char out[SIGV4_HEX_SIZE]) __attribute__((warn_unused_result));

/** All of the above for one request. */
bool sigv4_sign(const struct sigv4_request *request, const struct sigv4_scope *scope,
                const struct secret *secret_access_key, char signature[SIGV4_HEX_SIZE])
    __attribute__((warn_unused_result));

/** The canonical query of a presigned request, without its signature. */
bool sigv4_presign_query(const struct sigv4_presign *presign, struct buf *out)
    __attribute__((warn_unused_result));

/** The canonical request around that query. */
bool sigv4_presign_canonical_request(const struct sigv4_presign *presign, struct text query,
                                     struct buf *out) __attribute__((warn_unused_result));

/** Appends that query to *query and gives its signature. */
bool sigv4_presign(const struct sigv4_presign *presign, const struct secret *secret_access_key,
                   struct buf *query, char signature[SIGV4_HEX_SIZE])
    __attribute__((warn_unused_result));

#endif
