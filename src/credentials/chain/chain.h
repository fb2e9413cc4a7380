/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The default chain as a provider, and as a report for people. */
#ifndef DSQL_CREDENTIALS_CHAIN_CHAIN_H
#define DSQL_CREDENTIALS_CHAIN_CHAIN_H

#include "credentials/chain/search.h"

/**
 * The chain over the given sources and context; the arrays and what the context points to must
 * outlive it, but profile and logger are copied, and imds and memory are the chain's own.  For
 * dsql_credentials_default().
 */
dsql_credentials_provider *chain_new(const struct credentials_source *const *sources, size_t count,
                                     const struct source_context *context, dsql_error *err)
    __attribute__((warn_unused_result));

/** The default chain's sources in the given context, for tests and tools. */
dsql_credentials_provider *chain_new_default(const struct source_context *context, dsql_error *err)
    __attribute__((warn_unused_result));

/** dsql_credentials_explain() over the given sources and context. */
dsql_credentials *source_list_explain(const struct source_list *list,
                                      const struct source_context *context,
                                      dsql_credentials_explain_fn fn, void *arg, dsql_error *err);

#endif
