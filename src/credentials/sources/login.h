/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* "aws login": a profile with login_session, whose cache holds keys and a DPoP key to renew them.
 */
#ifndef DSQL_CREDENTIALS_LOGIN_H
#define DSQL_CREDENTIALS_LOGIN_H

#include "credentials/profile.h"

/** SOURCE_NOT_CONFIGURED when the profile has no login_session. */
enum source_result login_fetch(const struct source_context *context, const struct profile *profile,
                               struct dsql_credentials *out, dsql_error *err);

#endif
