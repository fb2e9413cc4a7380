/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The default chain, asked anew for a person who wonders which source it is, and why. */
#include "base/error.h"
#include "credentials/source.h"

dsql_status source_list_explain(const struct source_list *list, const struct source_context *world,
                                dsql_credentials_explain_fn fn, void *arg, dsql_error *err)
{
    struct dsql_credentials got = {0};
    const struct credentials_source *winner = NULL;
    dsql_error failure = {0};
    dsql_status status = source_list_search(list, world, &got, &winner, fn, arg, &failure);
    credentials_clear(&got);
    if (status != DSQL_OK && err != NULL) {
        *err = failure;
    }
    return status;
}

dsql_status dsql_credentials_explain(const char *profile, dsql_credentials_explain_fn fn, void *arg,
                                     dsql_error *err)
{
    const struct source_list list = source_list_default();
    struct source_context world = source_context_system();
    world.profile = profile;
    return source_list_explain(&list, &world, fn, arg, err);
}
