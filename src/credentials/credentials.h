/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS credentials and where they come from.  A source (one file each) answers one
 * of three things: got them, not configured here, or failed.  A source that is
 * configured and fails stops the chain: an identity never changes silently.
 */
#ifndef DSQL_CREDENTIALS_CREDENTIALS_H
#define DSQL_CREDENTIALS_CREDENTIALS_H

#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"

#include <dsql.h>

/** The public opaque type.  All zero is empty. */
struct dsql_credentials {
    struct secret access_key_id; /* not secret, but travels with those that are */
    struct secret secret_access_key;
    struct secret session_token; /* empty when long-term */
    int64_t expires_at;          /* Unix seconds; 0: never */
};

void credentials_clear(struct dsql_credentials *credentials);

/** As dsql_credentials_set(), from texts; blanks around them are dropped. */
dsql_status credentials_fill(struct dsql_credentials *credentials, struct text access_key_id,
                             struct text secret_access_key, struct text session_token,
                             int64_t expires_at);

/** By the wall clock.  Those without an end never have. */
bool credentials_have_expired(const struct dsql_credentials *credentials,
                              const struct clock *clock);

#endif
