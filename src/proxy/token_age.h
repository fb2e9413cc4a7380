/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* When a token is renewed, and until when it is used.  Pure functions of Unix times in seconds. */
#ifndef DSQL_PROXY_TOKEN_AGE_H
#define DSQL_PROXY_TOKEN_AGE_H

#include <stdbool.h>
#include <stdint.h>

struct token_age {
    int64_t made_s;
    int64_t expires_s; /* 0: there is no token */
};

/** Whether a connect may begin with it: it must still be valid when the server reads it. */
bool token_age_is_usable(const struct token_age *age, int64_t now_s);

/** How long until it should be renewed in the background; 0: now. */
int64_t token_age_renew_in_s(const struct token_age *age, int64_t now_s);

#endif
