/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 (FIPS 180-4) by OpenSSL, and HMAC with it (RFC 2104).  Setting up a calculation costs
 * OpenSSL as much as the calculation itself, so a struct sha256 is kept for several of them, and
 * the algorithm is looked up once for the process.
 *
 * All false returns mean: out of memory, or a failing libcrypto.
 */
#ifndef DSQL_BASE_SHA256_H
#define DSQL_BASE_SHA256_H

#include "base/text.h"

#include <stdbool.h>

enum { SHA256_SIZE = 32, SHA256_BLOCK_SIZE = 64 }; /* bytes */

/** For one thread at a time.  What it has calculated with is wiped by sha256_clear(). */
struct sha256 {
    struct evp_md_ctx_st *context; /* OpenSSL's EVP_MD_CTX */
    bool has_algorithm;            /* a calculation has begun, and none has failed since */
};

bool sha256_init(struct sha256 *sha256) __attribute__((warn_unused_result));

/** May be called twice, and after an sha256_init() that failed. */
void sha256_clear(struct sha256 *sha256);

bool sha256_digest(struct sha256 *sha256, struct text data, unsigned char out[SHA256_SIZE])
    __attribute__((warn_unused_result));

/** out may be the key itself.  It is wiped after a failure. */
bool sha256_hmac(struct sha256 *sha256, struct text key, struct text data,
                 unsigned char out[SHA256_SIZE]) __attribute__((warn_unused_result));

/** A single HMAC, for callers that need no more than one. */
bool hmac_sha256(struct text key, struct text data, unsigned char out[SHA256_SIZE])
    __attribute__((warn_unused_result));

/** For declarations: struct sha256 hash AUTO_SHA256; */
#define AUTO_SHA256 __attribute__((cleanup(sha256_clear)))

#endif
