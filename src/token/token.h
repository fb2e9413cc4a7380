/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The password of Aurora DSQL: a SigV4-presigned GET of https://HOST/?Action=...
 * without its scheme.  Source of the form: AWS docs, "Generating an authentication
 * token in Amazon Aurora DSQL".
 */
#ifndef DSQL_TOKEN_TOKEN_H
#define DSQL_TOKEN_TOKEN_H

#include "base/text.h"
#include "config/settings.h"
#include "credentials/credentials.h"

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

/**
 * token_make() with the credentials and the endpoint of complete settings, see complete.h.  For
 * deadline_ms see credentials_get_until().
 */
dsql_status token_for_settings(const struct settings *settings, const struct clock *clock,
                               int64_t deadline_ms, char **token, int64_t *expires_at,
                               dsql_error *err);

#endif
