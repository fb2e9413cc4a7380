/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials from a callback of the program.  The provider's cache calls it and does not trust
 * what it returns (see fetch_new() in provider.c).
 */
#include "base/error.h"
#include "credentials/cache/provider.h"

dsql_credentials_provider *dsql_credentials_custom(dsql_credentials_fn fetch,
                                                   void (*destroy)(void *arg), void *arg,
                                                   dsql_error *err)
{
    if (fetch == NULL) {
        fail(err, DSQL_ERR_USAGE, "custom credentials need a fetch function");
        return NULL;
    }
    return provider_new(fetch, destroy, arg, err);
}
