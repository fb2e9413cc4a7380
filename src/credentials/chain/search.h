/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Tries one source after another.  The first that is configured wins, and one that is
 * configured and fails ends the search: an identity never changes silently.
 */
#ifndef DSQL_CREDENTIALS_CHAIN_SEARCH_H
#define DSQL_CREDENTIALS_CHAIN_SEARCH_H

#include "credentials/source.h"

/** Sources in the order in which they are tried, in static storage. */
struct source_list {
    const struct credentials_source *const *sources;
    size_t count;
};

/** The default chain's. */
struct source_list source_list_default(void);

/**
 * Asks one source after another until one has credentials or fails; *winner is then that
 * which has them.  Neither: fails with what each one lacks.  fn (may be NULL) hears of
 * every source in its order.  err must not be NULL.
 */
dsql_status source_list_search(const struct source_list *list, const struct source_context *context,
                               struct dsql_credentials *out,
                               const struct credentials_source **winner,
                               dsql_credentials_explain_fn fn, void *fn_arg, dsql_error *err);

/** Fetches from one source; credentials that have expired are a failure. */
enum source_result source_ask(const struct credentials_source *source,
                              const struct source_context *context, struct dsql_credentials *out,
                              dsql_error *err);

/** The context of the running process, without a profile. */
struct source_context source_context_system(void);

#endif
