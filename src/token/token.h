/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Tokens with the credentials of a provider, for settings and for options. */
#ifndef DSQL_TOKEN_TOKEN_H
#define DSQL_TOKEN_TOKEN_H

#include "config/settings.h"
#include "token/make.h"

/**
 * token_make() with the credentials and the endpoint of complete settings, see complete.h.  For
 * deadline_ms see credentials_get_until().
 */
dsql_status token_for_settings(const struct settings *settings, const struct clock *clock,
                               int64_t deadline_ms, char **token, int64_t *expires_at,
                               dsql_error *err);

#endif
