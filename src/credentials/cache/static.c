/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that the program itself provides.  They go through the cache like all others, so every
 * provider behaves alike.
 */
#include "base/error.h"
#include "base/memory.h"
#include "credentials/cache/provider.h"

static dsql_status fetch_static(void *arg, dsql_credentials *out, dsql_error *err)
{
    const struct dsql_credentials *own = arg;
    dsql_status status = dsql_credentials_set(out, secret_string(&own->access_key_id),
                                              secret_string(&own->secret_access_key),
                                              secret_string(&own->session_token), own->expires_at);
    return status == DSQL_OK ? DSQL_OK : fail_nomem(err); /* they were checked when made */
}

/* Called by the provider with its last reference, or here if there is no provider yet. */
static void destroy_static(void *arg)
{
    credentials_clear(arg);
    mem_free(arg);
}

dsql_credentials_provider *dsql_credentials_static(const char *access_key_id,
                                                   const char *secret_access_key,
                                                   const char *session_token, dsql_error *err)
{
    struct dsql_credentials *own = mem_new(sizeof *own);
    if (own == NULL) {
        fail_nomem(err);
        return NULL;
    }
    dsql_status status =
        dsql_credentials_set(own, access_key_id, secret_access_key, session_token, 0);
    if (status != DSQL_OK) {
        destroy_static(own);
        fail(err, status, "%s",
             status == DSQL_ERR_NOMEM
                 ? "out of memory"
                 : "an AWS key is missing, too long, or contains blanks or control characters, "
                   "or the access key id contains a '/'");
        return NULL;
    }
    dsql_credentials_provider *provider = provider_new(fetch_static, destroy_static, own, err);
    if (provider == NULL) {
        destroy_static(own);
    }
    return provider;
}
