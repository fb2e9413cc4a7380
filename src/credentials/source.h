/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * One place of the default chain where credentials may be.  A new one is a file with a
 * struct credentials_source in it and a line in chain.c.
 */
#ifndef DSQL_CREDENTIALS_SOURCE_H
#define DSQL_CREDENTIALS_SOURCE_H

#include "credentials/provider.h"

enum source_result {
    SOURCE_GOT,            /* *out is filled */
    SOURCE_NOT_CONFIGURED, /* nothing here: err->message says what is missing */
    SOURCE_FAILED          /* something here, but it does not work: err says why */
};

struct source_context {
    const char *profile; /* asked for by the program; NULL: AWS_PROFILE, then "default" */
};

struct credentials_source {
    const char *name;            /* for messages */
    bool is_skipped_for_profile; /* a program that names a profile does not want this one */
    enum source_result (*fetch)(const struct source_context *context, struct dsql_credentials *out,
                                dsql_error *err);
};

extern const struct credentials_source credentials_source_environment;
extern const struct credentials_source credentials_source_profile;

/** Turns the status of credentials_fill() into a result; where ends up in the message. */
enum source_result source_filled(dsql_status status, const char *where, dsql_error *err);

/** The chain over any sources; the array must outlive it.  For dsql_credentials_default(). */
dsql_credentials_provider *chain_new(const struct credentials_source *const *sources, size_t count,
                                     const char *profile, dsql_error *err)
    __attribute__((warn_unused_result));

#endif
