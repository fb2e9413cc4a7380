/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* IAM Identity Center: a profile with sso_session, or with sso_start_url (the legacy form). */
#ifndef DSQL_CREDENTIALS_SSO_H
#define DSQL_CREDENTIALS_SSO_H

#include "credentials/profile.h"

/** SOURCE_NOT_CONFIGURED: the profile has no key of IAM Identity Center. */
enum source_result sso_fetch(const struct source_context *context, const struct profile *profile,
                             struct dsql_credentials *out, dsql_error *err);

#endif
