/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache in front of every source of credentials.  Any number of threads may share
 * a provider.  One of them fetches at a time, and never with the lock held.
 *
 *   fresh       more than 15 minutes left: the cached copy is returned
 *   advisory    15 minutes left, or never expiring and 15 minutes old: one caller
 *               fetches, the others get the old copy; if the fetch fails, that
 *               caller gets the old copy too, and there is no attempt for a minute
 *   mandatory   5 minutes left, or none cached: all wait for the fetch and its outcome;
 *               when it failed, the failure is the answer for a second
 *
 * For credentials that live a short time the windows shrink to 2/3 and 1/3 of it.
 *
 * What is left is the smaller of two: what the wall clock says, and the life they had when
 * they were fetched less the monotonic time since.  So neither a clock that is put back
 * nor a suspended machine makes expired credentials look valid.
 *
 * In the child of a fork() the cached credentials stay valid, and a fetch that another thread
 * had begun is forgotten.  The callback must repair the state that this fetch left half done.
 */
#ifndef DSQL_CREDENTIALS_PROVIDER_H
#define DSQL_CREDENTIALS_PROVIDER_H

#include "base/log.h"
#include "credentials/credentials.h"

enum {
    PROVIDER_ADVISORY_S = 15 * 60,
    PROVIDER_MANDATORY_S = 5 * 60,
    PROVIDER_BACKOFF_S = 60,    /* after an advisory fetch that failed, or brought nothing newer */
    PROVIDER_FAILURE_MS = 1000, /* a mandatory fetch that failed is not repeated earlier */
    PROVIDER_REJECTION_MS = 10000, /* nor is a fetch for rejected credentials that succeeded */
};

/**
 * A provider with one reference.  destroy (may be NULL) is called with arg when the
 * last one goes; after a failure arg is still the caller's.
 */
dsql_credentials_provider *provider_new(dsql_credentials_fn fetch, void (*destroy)(void *arg),
                                        void *arg, dsql_error *err)
    __attribute__((warn_unused_result));

/**
 * A copy of what the provider has, fetched now if the cached ones are missing or
 * about to end (one fetch at a time, others wait for it).  Fills *out on DSQL_OK only.
 */
dsql_status credentials_get(dsql_credentials_provider *provider, const struct clock *clock,
                            struct dsql_credentials *out, dsql_error *err);

/**
 * The same, but waits for the fetch of another thread only until deadline_ms (monotonic, -1 for
 * none): DSQL_ERR_TIMEOUT.  A fetch on this thread has the time limits of its source.
 */
dsql_status credentials_get_until(dsql_credentials_provider *provider, const struct clock *clock,
                                  int64_t deadline_ms, struct dsql_credentials *out,
                                  dsql_error *err);

/**
 * What the user of a provider keeps with it, such as a key derived from the credentials.  It has
 * the provider's lock, and is destroyed with the provider.
 */
struct provider_companion {
    void *data; /* NULL at first */
    void (*destroy)(void *data);
};

/**
 * Uses the credentials where they are, without a copy.  Both functions are called with the lock
 * held, so they must not wait and must not call the provider.
 */
struct provider_user {
    /** Before anything is fetched.  False: not now, and use() is not called.  May be NULL. */
    bool (*wants)(void *arg, const struct provider_companion *companion);
    /** version: changes whenever the credentials do; never 0. */
    dsql_status (*use)(void *arg, const struct dsql_credentials *credentials, uint64_t version,
                       struct provider_companion *companion, dsql_error *err);
    void *arg;
};

/** As credentials_get_until().  DSQL_OK also if wants() returned false. */
dsql_status provider_use(dsql_credentials_provider *provider, const struct clock *clock,
                         int64_t deadline_ms, const struct provider_user *user, dsql_error *err);

/**
 * The log for a changed access key and for an early renewal that failed; copied.  To be
 * called before the provider is shared between threads.
 */
void provider_log_to(dsql_credentials_provider *provider, const struct logger *logger);

/**
 * The server rejected the cached credentials, whatever their expiration: the next caller
 * fetches new ones.  After that fetch a further rejection does not count for
 * PROVIDER_REJECTION_MS.  Any thread may call this.
 */
void provider_mark_rejected(dsql_credentials_provider *provider);

#endif
