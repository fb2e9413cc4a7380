/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The metadata service of an EC2 instance, version 2 only. */
#ifndef DSQL_CREDENTIALS_IMDS_H
#define DSQL_CREDENTIALS_IMDS_H

#include "credentials/profile.h"

/**
 * The session token and the credentials that were returned last.  One thread at a time may use
 * it; the provider in front of the chain ensures that.
 */
struct imds;

struct imds *imds_new(void) __attribute__((warn_unused_result));
void imds_free(struct imds *imds);

/** The credentials of the instance's role. profile may be NULL; it may set another endpoint. */
enum source_result imds_fetch(const struct source_context *context, const struct profile *profile,
                              struct dsql_credentials *out, dsql_error *err);

/** The region of the instance, as text in region.  Results are as for imds_fetch(). */
enum source_result imds_region(const struct source_context *context, const struct profile *profile,
                               char *region, size_t region_size, dsql_error *err);

#endif
