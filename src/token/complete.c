/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Adds to resolved settings what needs the network or files: the credentials provider and, if it
 * is still unknown, the region.
 */
#include "token/complete.h"

#include "base/crypto_exit.h"
#include "base/error.h"
#include "base/memory.h"
#include "credentials/cache/provider.h"
#include "credentials/chain/chain.h"
#include "credentials/chain/search.h"
#include "credentials/profile.h"
#include "credentials/sources/imds.h"

/*
 * One provider for the life of the settings, so that a pool fetches credentials once and not once
 * for each connection.  The settings own the reference.
 */
static dsql_status add_provider(struct settings *settings, const struct source_context *context,
                                dsql_error *err)
{
    struct source_context own = *context;
    if (settings->credentials != NULL) {
        return DSQL_OK;
    }
    own.profile = settings->profile;
    own.logger = &settings->logger;
    settings->credentials = chain_new_default(&own, err);
    return settings->credentials == NULL ? DSQL_ERR_NOMEM : DSQL_OK;
}

/* The last place to look, and the only one that needs the network. */
static dsql_status region_of_instance(struct settings *settings, const struct profile *profile,
                                      const struct source_context *context, dsql_error *err)
{
    char region[ENDPOINT_REGION_SIZE];
    dsql_error reason = {0};
    if (imds_region(context, profile, region, sizeof region, &reason) == SOURCE_GOT) {
        return endpoint_complete(&settings->endpoint, text_of(region), "the instance", err);
    }
    return fail(
        err, DSQL_ERR_TOKEN,
        "no region: \"%s\" does not include one. Give a region, or set AWS_REGION, or region "
        "in the profile \"%s\" (instance metadata: %s)",
        settings->endpoint.host, profile->name, reason.message);
}

/*
 * A profile that does not exist has no region.  Its absence is reported when the credentials are
 * fetched.
 */
static dsql_status complete_region(struct settings *settings, const struct profile *profile,
                                   const struct source_context *context, dsql_error *err)
{
    const char *region = profile_get(profile, "region");
    if (region == NULL) {
        return region_of_instance(settings, profile, context, err);
    }
    return endpoint_complete(&settings->endpoint, text_of(region), "the profile", err);
}

static dsql_status add_region(struct settings *settings, const struct source_context *context,
                              dsql_error *err)
{
    struct chosen_profile chosen;
    dsql_status status = profile_choose(settings->profile, context->files, &chosen, err);
    if (status == DSQL_OK) {
        status = complete_region(settings, &chosen.profile, context, err);
        profile_clear(&chosen);
    }
    return status;
}

dsql_status settings_complete(struct settings *settings, const struct source_context *context,
                              dsql_error *err)
{
    dsql_status status = add_provider(settings, context, err);
    if (status == DSQL_OK && settings->endpoint.region[0] == '\0') {
        status = add_region(settings, context, err);
    }
    return status;
}

/* *out changes only on success; the caller then calls settings_clear(). */
dsql_status settings_open(const dsql_options *options, struct settings *out, dsql_error *err)
{
    struct settings settings;
    crypto_outlive_exit();
    dsql_status status = settings_resolve(options, &settings, err);
    if (status != DSQL_OK) {
        return status;
    }
    const struct source_context context = source_context_system();
    status = settings_complete(&settings, &context, err);
    if (status != DSQL_OK) {
        settings_clear(&settings);
        return status;
    }
    *out = settings;
    return DSQL_OK;
}

void settings_mark_credentials_rejected(const struct settings *settings)
{
    if (settings->credentials != NULL) {
        provider_mark_rejected(settings->credentials);
    }
}
