/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The default chain: the first source that is configured wins.  One that is configured
 * and fails ends the search, and later fetches use only the source that won: the AWS
 * identity must never change silently.
 */
#include "credentials/chain/chain.h"

#include "base/error.h"
#include "base/memory.h"
#include "credentials/cache/provider.h"
#include "credentials/sources/imds.h"

struct chain {
    struct source_list list;
    struct source_context context; /* its profile and logger are copies of ours */
    char *profile;
    struct logger logger;
    struct source_memory memory;
    const struct credentials_source *winner; /* NULL until one has been found */
    bool is_fetching;                        /* a source is fetching and has not returned yet */
};

/* chain->winner stays NULL if nothing was found, so the next fetch searches again. */
static dsql_status fetch_first(struct chain *chain, struct dsql_credentials *out, dsql_error *err)
{
    return source_list_search(&chain->list, &chain->context, out, &chain->winner, NULL, NULL, err);
}

/*
 * If the source is not configured any more, that is an error: the next source would be another
 * identity.
 */
static dsql_status fetch_again(struct chain *chain, struct dsql_credentials *out, dsql_error *err)
{
    dsql_error reason = {0};
    enum source_result result = source_ask(chain->winner, &chain->context, out, &reason);
    if (result == SOURCE_GOT) {
        return DSQL_OK;
    }
    if (result == SOURCE_FAILED) {
        *err = reason;
        return err->status;
    }
    return fail(err, DSQL_ERR_CREDENTIALS, "the AWS credentials are no longer available (%s: %s)",
                chain->winner->name, reason.message);
}

/*
 * In the child of a fork: the thread that was fetching does not exist here, and its changes
 * may be half done.  That memory is not touched again, not even to free it.
 */
static bool forget_interrupted(struct chain *chain)
{
    chain->context.imds = imds_new();
    chain->memory = (struct source_memory){0};
    return chain->context.imds != NULL;
}

/* The provider calls this from one thread at a time, and always with an err. */
static dsql_status fetch_chain(void *arg, dsql_credentials *out, dsql_error *err)
{
    struct chain *chain = arg;
    if (chain->is_fetching && !forget_interrupted(chain)) {
        return fail_nomem(err);
    }
    chain->is_fetching = true;
    dsql_status status =
        chain->winner == NULL ? fetch_first(chain, out, err) : fetch_again(chain, out, err);
    chain->is_fetching = false;
    return status;
}

static void destroy_chain(void *arg)
{
    struct chain *chain = arg;
    imds_free(chain->context.imds);
    mem_free(chain->profile);
    mem_free(chain);
}

dsql_credentials_provider *chain_new(const struct credentials_source *const *sources, size_t count,
                                     const struct source_context *context, dsql_error *err)
{
    const char *profile = context->profile;
    bool has_profile = profile != NULL && profile[0] != '\0';
    struct chain *chain = mem_new(sizeof *chain);
    if (chain == NULL) {
        fail_nomem(err);
        return NULL;
    }
    chain->list = (struct source_list){.sources = sources, .count = count};
    chain->profile = has_profile ? mem_strdup(profile) : NULL;
    chain->context = *context;
    chain->context.profile = chain->profile;
    chain->context.imds = imds_new();
    chain->logger = context->logger == NULL ? (struct logger){0} : *context->logger;
    chain->context.logger = &chain->logger;
    chain->context.memory = &chain->memory;
    dsql_credentials_provider *provider = NULL;
    if (chain->context.imds == NULL || (has_profile && chain->profile == NULL)) {
        fail_nomem(err);
    } else {
        provider = provider_new(fetch_chain, destroy_chain, chain, err);
    }
    if (provider == NULL) {
        destroy_chain(chain);
        return NULL;
    }
    provider_log_to(provider, &chain->logger);
    return provider;
}

dsql_credentials_provider *chain_new_default(const struct source_context *context, dsql_error *err)
{
    const struct source_list list = source_list_default();
    return chain_new(list.sources, list.count, context, err);
}

dsql_credentials_provider *dsql_credentials_default(const char *profile, dsql_error *err)
{
    struct source_context context = source_context_system();
    context.profile = profile;
    return chain_new_default(&context, err);
}
