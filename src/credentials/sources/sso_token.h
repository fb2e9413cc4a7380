/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The access token that "aws sso login" left in its cache.  It is renewed shortly before it
 * expires if the cache has what a renewal needs: AWS SDKs and Tools Reference Guide, "IAM
 * Identity Center authentication"; OIDC API Reference, CreateToken.
 */
#ifndef DSQL_CREDENTIALS_SSO_TOKEN_H
#define DSQL_CREDENTIALS_SSO_TOKEN_H

#include "base/secret.h"
#include "credentials/profile.h"

/** Where the user of a profile logs in. */
struct sso_login {
    const struct profile *profile;
    const char *session; /* NULL: the legacy form, known by its start_url */
    const char *start_url;
    const char *region;
};

enum {
    SSO_RENEWAL_S = 5 * 60,          /* a token is renewed this long before it expires */
    SSO_RENEWAL_PAUSE_MS = 30 * 1000 /* between two attempts to renew it */
};

/**
 * Fills *token on DSQL_OK; the caller clears it.  The file is read for each call and written back
 * if the token was renewed.
 */
dsql_status sso_token_get(const struct source_context *context, const struct sso_login *login,
                          struct secret *token, dsql_error *err);

/** "the login of profile X <what>; run: aws sso login --profile X" */
dsql_status sso_fail_login(const struct sso_login *login, const char *what, dsql_error *err);

#endif
