/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The metadata service of an EC2 instance, version 2 only. */
#ifndef DSQL_CREDENTIALS_IMDS_H
#define DSQL_CREDENTIALS_IMDS_H

#include "credentials/profile.h"

/** Its session token, and the credentials it gave last; for one thread at a time. */
struct imds;

struct imds *imds_new(void) __attribute__((warn_unused_result));
void imds_free(struct imds *imds);

/** profile NULL: none; it may put an endpoint in its place. */
enum source_result imds_fetch(const struct source_context *context, const struct profile *profile,
                              struct dsql_credentials *out, dsql_error *err);

/** The region of the instance. */
enum source_result imds_region(const struct source_context *context, const struct profile *profile,
                               char *region, size_t region_size, dsql_error *err);

#endif
