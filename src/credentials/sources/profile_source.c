/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The shared configuration files as a source.  profile_chain.c works out what has to be
 * fetched; this file fetches it, beginning with the base credentials and then assuming
 * one role after another.  The requested profile decides the region, endpoint
 * and certificates of STS, for all roles of the chain.
 */
#include "base/error.h"
#include "credentials/aws/sts.h"
#include "credentials/profile.h"
#include "credentials/sources/container.h"
#include "credentials/sources/imds.h"
#include "credentials/sources/login.h"
#include "credentials/sources/process.h"
#include "credentials/sources/profile_chain.h"
#include "credentials/sources/sources.h"
#include "credentials/sources/sso.h"

/* ---- Own credentials ---- */

/* Keys in a profile have no expiration; a new session token is noticed when it is read again. */
static enum source_result fetch_keys(const struct source_context *context,
                                     const struct profile *profile, struct dsql_credentials *out,
                                     dsql_error *err)
{
    dsql_status status = credentials_fill(out, text_of(profile_get(profile, "aws_access_key_id")),
                                          text_of(profile_get(profile, "aws_secret_access_key")),
                                          text_of(profile_get(profile, "aws_session_token")), 0);
    source_used(context, "keys of profile \"%s\"", profile->name);
    return source_filled(status, profile->name, err);
}

/* The requested profile sets the region and endpoint of STS, not the one with the token. */
static enum source_result fetch_web_identity(const struct source_context *context,
                                             const struct profile *requested,
                                             const struct profile_chain *chain,
                                             struct dsql_credentials *out, dsql_error *err)
{
    source_used(context, "profile \"%s\": role %s, with web_identity_token_file", chain->base.name,
                chain->web_identity.role_arn);
    return sts_assume_role_with_web_identity(context, requested, &chain->web_identity,
                                             profile_get(&chain->base, "web_identity_token_file"),
                                             out, err);
}

/* There is no default case, so that the compiler reports a new kind that is not handled. */
static enum source_result fetch_base(const struct source_context *context,
                                     const struct profile *requested,
                                     const struct profile_chain *chain,
                                     struct dsql_credentials *out, dsql_error *err)
{
    switch (chain->kind) {
    case PROFILE_BASE_KEYS:
        return fetch_keys(context, &chain->base, out, err);
    case PROFILE_BASE_ENVIRONMENT:
        return credentials_source_environment.fetch(context, out, err);
    case PROFILE_BASE_WEB_IDENTITY:
        return fetch_web_identity(context, requested, chain, out, err);
    case PROFILE_BASE_PROCESS:
        return process_fetch(context, &chain->base, out, err);
    case PROFILE_BASE_CONTAINER:
        return container_fetch(context, out, err);
    case PROFILE_BASE_SSO:
        return sso_fetch(context, &chain->base, out, err);
    case PROFILE_BASE_LOGIN:
        return login_fetch(context, &chain->base, out, err);
    case PROFILE_BASE_INSTANCE:
        return imds_fetch(context, requested, out, err); /* the profile may set its endpoint */
    }
    return source_failed(err, "profile \"%s\" has an unknown kind of credentials",
                         chain->base.name);
}

/* A credential_source that is not configured is an error of the profile: it was named. */
static enum source_result fetch_configured(const struct source_context *context,
                                           const struct profile *requested,
                                           const struct profile_chain *chain,
                                           struct dsql_credentials *out, dsql_error *err)
{
    dsql_error missing = {0};
    enum source_result result = fetch_base(context, requested, chain, out, &missing);
    if (result == SOURCE_NOT_CONFIGURED) {
        return source_failed(err, "the credentials that profile \"%s\" names cannot be used: %s",
                             chain->base.name, missing.message);
    }
    if (result == SOURCE_FAILED && err != NULL) {
        *err = missing;
    }
    return result;
}

/* ---- Roles ---- */

/* Replaces the credentials that sign the request by those of the role. */
static enum source_result assume(const struct source_context *context,
                                 const struct profile *requested, const struct profile_role *link,
                                 struct dsql_credentials *current, dsql_error *err)
{
    struct dsql_credentials next = {0};
    enum source_result result =
        sts_assume_role(context, requested, &link->role, current, &next, err);
    credentials_clear(current);
    if (result == SOURCE_GOT) {
        *current = next; /* its secrets belong to current now */
        source_used(context, "; role %s, named by profile \"%s\"", link->role.role_arn,
                    link->profile.name);
    }
    return result;
}

/*
 * The roles were collected from the requested profile downwards, so the last is assumed first.
 * *out is changed only if every step succeeded.
 */
static enum source_result fetch_chain(const struct source_context *context,
                                      const struct profile *requested,
                                      const struct profile_chain *chain,
                                      struct dsql_credentials *out, dsql_error *err)
{
    struct dsql_credentials current = {0};
    enum source_result result = fetch_configured(context, requested, chain, &current, err);
    for (size_t i = chain->role_count; i > 0 && result == SOURCE_GOT; i--) {
        result = assume(context, requested, &chain->roles[i - 1], &current, err);
    }
    if (result == SOURCE_GOT) {
        credentials_clear(out);
        *out = current; /* its secrets belong to the caller now */
    }
    return result;
}

/* ---- The source ---- */

/* A profile that was requested by name must exist; "default" need not. */
static enum source_result read_profile(const struct source_context *context,
                                       const struct profile *profile, bool is_named,
                                       struct dsql_credentials *out, dsql_error *err)
{
    struct profile_chain chain;
    if (!profile_set_has(profile->set, PROFILE_SECTION_PROFILE, profile->name)) {
        const char *problem = profile_set_problem(profile->set, profile->name);
        fail(err, DSQL_ERR_CREDENTIALS,
             "there is no profile \"%s\" in the AWS configuration files%s%s", profile->name,
             problem == NULL ? "" : "; ", problem == NULL ? "" : problem);
        return is_named ? SOURCE_FAILED : SOURCE_NOT_CONFIGURED;
    }
    enum source_result result = profile_chain_resolve(profile, &chain, err);
    return result == SOURCE_GOT ? fetch_chain(context, profile, &chain, out, err) : result;
}

/* The files are read for each fetch, because a person may rotate keys in them. */
static enum source_result fetch_profile(const struct source_context *context,
                                        struct dsql_credentials *out, dsql_error *err)
{
    struct chosen_profile chosen;
    if (profile_choose(context->profile, context->files, &chosen, err) != DSQL_OK) {
        return SOURCE_FAILED;
    }
    enum source_result result = read_profile(context, &chosen.profile, chosen.is_named, out, err);
    profile_clear(&chosen);
    return result;
}

const struct credentials_source credentials_source_profile = {
    .name = "profile",
    .fetch = fetch_profile,
};
