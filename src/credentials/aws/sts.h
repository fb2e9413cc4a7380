/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* AWS STS: temporary credentials of a role.  AWS STS API Reference, version 2011-06-15. */
#ifndef DSQL_CREDENTIALS_STS_H
#define DSQL_CREDENTIALS_STS_H

#include "credentials/profile.h"

struct sts_role {
    const char *role_arn;
    const char *session_name; /* NULL: one is made, "dsql-c-<time>" */
    const char *external_id;  /* NULL: none */
    int duration_s;           /* seconds, 900..43200; 0: the service's default */
};

enum { STS_MIN_DURATION_S = 900, STS_MAX_DURATION_S = 43200 };

/**
 * AssumeRole, signed with base. profile (may be NULL) sets the region, the endpoint and the
 * certificates.  Fills *out on SOURCE_GOT only.
 */
enum source_result sts_assume_role(const struct source_context *context,
                                   const struct profile *profile, const struct sts_role *role,
                                   const struct dsql_credentials *base,
                                   struct dsql_credentials *out, dsql_error *err);

/** AssumeRoleWithWebIdentity, which is not signed.  The token file is read for each call. */
enum source_result sts_assume_role_with_web_identity(const struct source_context *context,
                                                     const struct profile *profile,
                                                     const struct sts_role *role,
                                                     const char *token_file,
                                                     struct dsql_credentials *out, dsql_error *err);

#endif
