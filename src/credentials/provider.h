/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache in front of every source of credentials.  Any number of threads may share
 * a provider.  One of them fetches at a time, and never with the lock held.
 *
 *   fresh       more than 15 minutes left: the cached copy is given out
 *   advisory    15 minutes left, or never expiring and 15 minutes old: one caller
 *               fetches, the others get the old copy; when that fails, so does he,
 *               and nobody tries again for a minute
 *   mandatory   5 minutes left, or none cached: all wait for the fetch and its outcome
 *
 * For credentials that live a short time the windows shrink to 2/3 and 1/3 of it.
 */
#ifndef DSQL_CREDENTIALS_PROVIDER_H
#define DSQL_CREDENTIALS_PROVIDER_H

#include "credentials/credentials.h"

enum {
    PROVIDER_ADVISORY_S = 15 * 60,
    PROVIDER_MANDATORY_S = 5 * 60,
    PROVIDER_BACKOFF_S = 60, /* after an advisory fetch that failed */
};

/**
 * A provider with one reference.  destroy (may be NULL) is called with arg when the
 * last one goes; after a failure arg is still the caller's.
 */
dsql_credentials_provider *provider_new(dsql_credentials_fn fetch, void (*destroy)(void *arg),
                                        void *arg, dsql_error *err)
    __attribute__((warn_unused_result));

#endif
