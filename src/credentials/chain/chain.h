/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The default chain as a provider, and as a report for people. */
#ifndef DSQL_CREDENTIALS_CHAIN_CHAIN_H
#define DSQL_CREDENTIALS_CHAIN_CHAIN_H

#include "credentials/chain/search.h"

/**
 * The chain over any sources, in any world; the arrays and what the world points to must
 * outlive it, but profile and logger are copied, and imds and memory are the chain's own.  For
 * dsql_credentials_default().
 */
dsql_credentials_provider *chain_new(const struct credentials_source *const *sources, size_t count,
                                     const struct source_context *world, dsql_error *err)
    __attribute__((warn_unused_result));

/** The default chain's sources in another world, as tests and tools want it. */
dsql_credentials_provider *chain_new_default(const struct source_context *world, dsql_error *err)
    __attribute__((warn_unused_result));

/** dsql_credentials_explain() over any sources, in any world. */
dsql_credentials *source_list_explain(const struct source_list *list,
                                      const struct source_context *world,
                                      dsql_credentials_explain_fn fn, void *arg, dsql_error *err);

#endif
