/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A program that prints credentials: a profile with credential_process. */
#ifndef DSQL_CREDENTIALS_PROCESS_H
#define DSQL_CREDENTIALS_PROCESS_H

#include "credentials/profile.h"

/** SOURCE_NOT_CONFIGURED when the profile has no credential_process. */
enum source_result process_fetch(const struct source_context *context,
                                 const struct profile *profile, struct dsql_credentials *out,
                                 dsql_error *err);

#endif
