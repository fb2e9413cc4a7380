/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The password of Aurora DSQL: a SigV4-presigned GET of https://HOST/?Action=... without its
 * scheme.  Source of the form: AWS docs, "Generating an authentication token in Amazon Aurora
 * DSQL".  No clock, no provider, no network.
 */
#ifndef DSQL_TOKEN_MAKE_H
#define DSQL_TOKEN_MAKE_H

#include "base/text.h"
#include "config/settings.h"
#include "credentials/credentials.h"
#include "sigv4/sigv4.h"
#include "token/template.h"

#define TOKEN_SERVICE "dsql"

enum token_action { TOKEN_CONNECT, TOKEN_CONNECT_ADMIN };

/** "DbConnect" or "DbConnectAdmin". */
const char *token_action_name(enum token_action action);

/** DbConnectAdmin for exactly "admin". */
enum token_action token_action_for_user(const char *user);

struct token_request {
    const struct endpoint *endpoint;
    enum token_action action;
    int seconds; /* 1..604800 */
    int64_t now; /* Unix seconds, by the wall clock */
};

/**
 * Signs.  *token is freed with secret_free_string(); *expires_at (not NULL) is the
 * effective end: the seconds requested, cut to the life left in the credentials.
 * DSQL_ERR_CREDENTIALS when the credentials have already expired.
 */
dsql_status token_make(const struct token_request *request,
                       const struct dsql_credentials *credentials, char **token,
                       int64_t *expires_at, dsql_error *err);

/* ---- Its steps, for signer.c, which keeps templates, and verify.c ---- */

/** Sets service, action and time; false for a time that SigV4 cannot write. */
bool token_presign_init(struct sigv4_presign *presign, enum token_action action, int64_t signed_at)
    __attribute__((warn_unused_result));

/** Whether the request is in its limits and the credentials are alive. */
dsql_status token_check_request(const struct token_request *request,
                                const struct dsql_credentials *credentials, dsql_error *err);

/** The lifetime to sign.  A token never outlives the credentials that signed it. */
int64_t token_effective_seconds(const struct token_request *request,
                                const struct dsql_credentials *credentials);

/** The caller clears the template after DSQL_OK. */
dsql_status token_fill_template(struct token_template *template, struct sha256 *hash,
                                const struct token_request *request,
                                const struct dsql_credentials *credentials, int64_t seconds,
                                dsql_error *err);

/** The error after token_template_fill() or token_template_sign() failed. */
dsql_status token_fail_signing(const struct dsql_credentials *credentials, dsql_error *err);

#endif
