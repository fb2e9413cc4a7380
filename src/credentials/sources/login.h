/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The source for "aws login": a profile with login_session.  Its cache file holds credentials and
 * the DPoP key with which they are renewed.
 */
#ifndef DSQL_CREDENTIALS_LOGIN_H
#define DSQL_CREDENTIALS_LOGIN_H

#include "credentials/profile.h"

/** SOURCE_NOT_CONFIGURED when the profile has no login_session. */
enum source_result login_fetch(const struct source_context *context, const struct profile *profile,
                               struct dsql_credentials *out, dsql_error *err);

#endif
