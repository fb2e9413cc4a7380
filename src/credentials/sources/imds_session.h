/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Version 2 of the metadata service: first a PUT for a session token, then GETs with it.
 * Version 1, without a token, is never tried: whoever can make this program send one GET
 * could read the credentials with it.
 */
#ifndef DSQL_CREDENTIALS_IMDS_SESSION_H
#define DSQL_CREDENTIALS_IMDS_SESSION_H

#include "credentials/sources/imds_settings.h"

/** The token in use; empty: none. */
struct imds_session {
    struct secret token;
    char url[IMDS_URL_SIZE]; /* that gave it */
    int64_t until_ms;        /* monotonic: then it is renewed */
};

void imds_session_clear(struct imds_session *session);

/**
 * An answer to GET, with any status but 401, which renews the token once.
 * SOURCE_NOT_CONFIGURED: no service issues tokens here.  path begins with "/".
 */
enum source_result imds_session_get(struct imds_session *session,
                                    const struct source_context *context,
                                    const struct imds_settings *settings, const char *path,
                                    bool (*is_transient)(const struct http_response *response),
                                    struct http_response *response, dsql_error *err);

#endif
