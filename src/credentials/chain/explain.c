/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Searches the default chain again, to explain which source is used and why. */
#include "base/cancellation.h"
#include "base/error.h"
#include "base/memory.h"
#include "credentials/chain/chain.h"

dsql_credentials *source_list_explain(const struct source_list *list,
                                      const struct source_context *context,
                                      dsql_credentials_explain_fn fn, void *arg, dsql_error *err)
{
    struct dsql_credentials *found = mem_new(sizeof *found);
    const struct credentials_source *winner = NULL;
    dsql_error failure = {0};
    if (found == NULL) {
        fail_nomem(err);
        return NULL;
    }
    if (source_list_search(list, context, found, &winner, fn, arg, &failure) == DSQL_OK) {
        return found;
    }
    if (err != NULL) {
        *err = failure;
    }
    dsql_credentials_free(found);
    return NULL;
}

dsql_credentials *dsql_credentials_explain(const char *profile, dsql_credentials_explain_fn fn,
                                           void *arg, dsql_error *err)
{
    HOLD_CANCELLATION();
    const struct source_list list = source_list_default();
    struct source_context context = source_context_system();
    context.profile = profile;
    return source_list_explain(&list, &context, fn, arg, err);
}
