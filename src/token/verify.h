/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The counterpart of make.h: what a password claims, and whether its signature is right.  The
 * gateway of the local cluster uses it.  Nothing here reads a clock, a file or the network.
 */
#ifndef DSQL_TOKEN_VERIFY_H
#define DSQL_TOKEN_VERIFY_H

#include "base/text.h"
#include "token/make.h"

enum {
    TOKEN_MAX_CLOCK_SKEW_S = 300 /* how far X-Amz-Date may lie ahead, as for any SigV4 request */
};

/** What the token says of itself; texts are decoded copies, owned by the struct. */
struct token_claims {
    enum token_action action;
    char *host;
    char *access_key_id;
    char *region;
    char *session_token; /* NULL when there is none */
    int64_t signed_at;   /* Unix seconds, both */
    int64_t expires_at;
    char scope_date[9];
    char signature[65];
};

/**
 * Parses and checks shape, algorithm, service, header list, number ranges; each
 * parameter exactly once, no unknown ones.  False: *why is a static text with the
 * reason.  On success token_claims_clear() later.
 */
bool token_claims_parse(struct text token, struct token_claims *claims, const char **why);
void token_claims_clear(struct token_claims *claims);

/** Recomputes the signature with this secret key; compares in constant time. */
bool token_claims_signed_by(const struct token_claims *claims,
                            const struct secret *secret_access_key);

#endif
