/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Options that were resolved before, and the request for a token that they led to.  Resolving takes
 * ten times as long as signing, and a program asks with the same options again and again.
 *
 * Options are known only if a token with them depends on nothing but them, the credentials, and
 * PGUSER, which is compared each time.
 */
#ifndef DSQL_TOKEN_KNOWN_OPTIONS_H
#define DSQL_TOKEN_KNOWN_OPTIONS_H

#include "token/make.h"

struct known_options {
    bool is_known;
    dsql_options options; /* without the three strings, which are copied: */
    char host[ENDPOINT_HOST_SIZE];
    char region[ENDPOINT_REGION_SIZE];
    char user[SETTINGS_NAME_SIZE]; /* "": neither the options nor PGUSER had one */
    struct endpoint endpoint;
    struct token_request request; /* of this endpoint; without the time */
};

/** Replaces what was known.  Options that depend on more are not kept. */
void known_options_set(struct known_options *known, const dsql_options *options,
                       const struct token_request *request);

/** NULL: not the same options, or not known. */
const struct token_request *known_options_request(const struct known_options *known,
                                                  const dsql_options *options);

#endif
