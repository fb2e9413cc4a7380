/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A token without its time of day and its signature.  Everything else stays the same from one token
 * to the next: the canonical request, the string to sign and the signing key of the day.  A
 * template is filled once and then signed any number of times, at any time of its day.
 */
#ifndef DSQL_TOKEN_TEMPLATE_H
#define DSQL_TOKEN_TEMPLATE_H

#include "base/buf.h"
#include "base/sha256.h"
#include "sigv4/sigv4.h"

/** Bytes.  Session tokens have no documented maximum; 8 KiB is seen. */
enum { TOKEN_MAX_SIZE = 65536 };

/** Owns its texts.  All of it is as secret as a token, and is wiped. */
struct token_template {
    int64_t day; /* since 1970 */
    struct buf canonical_request;
    struct buf string_to_sign; /* without the hash at its end */
    struct buf token;          /* as it was signed last */
    int64_t signed_at;         /* when that was, in Unix seconds; -1: not yet */
    size_t canonical_time;     /* where the time of day is, in each of the three */
    size_t string_time;
    size_t token_time;
    unsigned char key[SIGV4_KEY_SIZE];
};

/** For the day of presign->scope.time.  False: as in sigv4.h; then there is nothing to clear. */
bool token_template_fill(struct token_template *template, struct sha256 *hash,
                         const struct sigv4_presign *presign,
                         const struct secret *secret_access_key, int64_t signed_at)
    __attribute__((warn_unused_result));

/** Wipes and frees; may be called twice. */
void token_template_clear(struct token_template *template);

/** Whether a token of this time can be made from it. */
bool token_template_covers(const struct token_template *template, int64_t signed_at);

/**
 * Signs at most once a second.  The caller frees the token with secret_free_string().  NULL: out of
 * memory, or a failing libcrypto.
 */
char *token_template_sign(struct token_template *template, struct sha256 *hash, int64_t signed_at)
    __attribute__((warn_unused_result));

#endif
