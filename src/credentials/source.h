/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * One place of the default chain where credentials may be.  A new one is a file with a
 * struct credentials_source in it and a line in chain.c.
 */
#ifndef DSQL_CREDENTIALS_SOURCE_H
#define DSQL_CREDENTIALS_SOURCE_H

#include "base/files.h"
#include "base/log.h"
#include "base/random.h"
#include "credentials/provider.h"
#include "http/http.h"

struct imds;

enum source_result {
    SOURCE_GOT,            /* *out is filled */
    SOURCE_NOT_CONFIGURED, /* nothing here: err->message says what is missing */
    SOURCE_FAILED          /* something here, but it does not work: err says why */
};

/** The world as a source sees it.  The environment is that of the process. */
struct source_context {
    const char *profile; /* asked for by the program; NULL: AWS_PROFILE, then "default" */
    const struct clock *clock;
    const struct random_source *random;
    const struct http *http;
    const struct file_system *files;
    struct imds *imds;           /* what the instance said before; of this chain, see imds.h */
    const struct logger *logger; /* NULL: silence */
};

struct credentials_source {
    const char *name;            /* for messages */
    bool is_skipped_for_profile; /* a program that names a profile does not want this one */
    enum source_result (*fetch)(const struct source_context *context, struct dsql_credentials *out,
                                dsql_error *err);
};

extern const struct credentials_source credentials_source_environment;
extern const struct credentials_source credentials_source_profile;
extern const struct credentials_source credentials_source_web_identity;
extern const struct credentials_source credentials_source_container;
extern const struct credentials_source credentials_source_imds;

/** Turns the status of credentials_fill() into a result; where ends up in the message. */
enum source_result source_filled(dsql_status status, const char *where, dsql_error *err);

/** fail() for a source: always SOURCE_FAILED, status DSQL_ERR_CREDENTIALS. */
enum source_result source_failed(dsql_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * The chain over any sources, in any world; the arrays and what the world points to must
 * outlive it, but profile is copied and imds is the chain's own.  For
 * dsql_credentials_default().
 */
dsql_credentials_provider *chain_new(const struct credentials_source *const *sources, size_t count,
                                     const struct source_context *world, dsql_error *err)
    __attribute__((warn_unused_result));

/** The default chain's sources in another world, as tests and tools want it. */
dsql_credentials_provider *chain_new_default(const struct source_context *world, dsql_error *err)
    __attribute__((warn_unused_result));

/** The real world, without a profile. */
struct source_context source_context_system(void);

#endif
