/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * One place of the default chain where credentials may be.  A new one is a file with a
 * struct credentials_source in it and a line in chain/search.c.
 */
#ifndef DSQL_CREDENTIALS_SOURCE_H
#define DSQL_CREDENTIALS_SOURCE_H

#include "base/files.h"
#include "base/log.h"
#include "base/random.h"
#include "credentials/credentials.h"
#include "http/http.h"

struct imds;

enum source_result {
    SOURCE_GOT,            /* *out is filled */
    SOURCE_NOT_CONFIGURED, /* nothing here: err->message names what is missing */
    SOURCE_FAILED          /* configured, but it does not work: see err */
};

enum { SOURCE_DETAIL_SIZE = 256 };

/** What a source used, in words for people: profile "dev": role ... by source_profile "base". */
struct source_detail {
    char text[SOURCE_DETAIL_SIZE];
};

/** What sources remember from one fetch to the next; all zero at first. */
struct source_memory {
    bool has_renewed_login;   /* or tried to: see sso_token.c */
    int64_t login_renewed_ms; /* monotonic */
};

/** All that a source may use from outside, but for the environment of the process. */
struct source_context {
    const char *profile; /* chosen by the program; NULL: AWS_PROFILE, then "default" */
    const struct clock *clock;
    const struct random_source *random;
    const struct http *http;
    const struct file_system *files;
    struct imds *imds;            /* what the instance said before; of this chain, see imds.h */
    struct source_memory *memory; /* of this chain; NULL: none is kept */
    const struct logger *logger;  /* NULL: nothing is logged */
    struct source_detail *detail; /* source_used() writes it; NULL: not wanted */
};

struct credentials_source {
    const char *name;            /* for messages */
    bool is_skipped_for_profile; /* a program that names a profile does not want this one */
    enum source_result (*fetch)(const struct source_context *context, struct dsql_credentials *out,
                                dsql_error *err);
};

/**
 * Adds words about what is being used, in the order in which it is; never a secret.  What
 * does not fit is cut.  Only the detail of a source that has credentials is looked at.
 */
void source_used(const struct source_context *context, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Turns the status of credentials_fill() into a result; where ends up in the message. */
enum source_result source_filled(dsql_status status, const char *where, dsql_error *err);

/** fail() for a source: always SOURCE_FAILED, status DSQL_ERR_CREDENTIALS. */
enum source_result source_failed(dsql_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
