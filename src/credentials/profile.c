/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The shared files as a source: what profile_chain.c found out is done here, the base
 * first.  The asked profile is the one that says in which region, at which endpoint and
 * with which certificates STS is asked, for all roles.
 */
#include "credentials/profile.h"

#include "base/error.h"
#include "base/memory.h"
#include "config/environment.h"
#include "credentials/aws/sts.h"
#include "credentials/sources/container.h"
#include "credentials/sources/imds.h"
#include "credentials/sources/login.h"
#include "credentials/sources/process.h"
#include "credentials/sources/profile_chain.h"
#include "credentials/sources/sso.h"

const char *profile_get(const struct profile *profile, const char *key)
{
    const char *value = profile_set_get(profile->set, PROFILE_SECTION_PROFILE, profile->name, key);
    return text_is_empty(text_trim(text_of(value))) ? NULL : value;
}

static dsql_status load_files(const struct file_system *files, struct profile_set **out,
                              dsql_error *err)
{
    dsql_error failure = {0};
    *out = profile_set_load(files, &failure);
    if (*out == NULL && err != NULL) {
        *err = failure;
    }
    return failure.status;
}

dsql_status profile_choose(const char *wanted, const struct file_system *files,
                           struct chosen_profile *out, dsql_error *err)
{
    const char *named = wanted != NULL && wanted[0] != '\0' ? wanted : NULL;
    if (named == NULL) {
        named = environment_get("AWS_PROFILE");
    }
    *out = (struct chosen_profile){
        .name = mem_strdup(named == NULL ? "default" : named),
        .is_named = named != NULL,
    };
    if (out->name == NULL) {
        return fail_nomem(err);
    }
    dsql_status status = load_files(files, &out->set, err);
    if (status != DSQL_OK) {
        profile_clear(out);
        return status;
    }
    out->profile = (struct profile){.set = out->set, .name = out->name};
    return DSQL_OK;
}

void profile_clear(struct chosen_profile *chosen)
{
    profile_set_free(chosen->set);
    mem_free(chosen->name);
    *chosen = (struct chosen_profile){0};
}

/* ---- Own credentials ---- */

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

static enum source_result fetch_web_identity(const struct source_context *context,
                                             const struct profile *asked,
                                             const struct profile_chain *chain,
                                             struct dsql_credentials *out, dsql_error *err)
{
    source_used(context, "profile \"%s\": role %s by web_identity_token_file", chain->base.name,
                chain->web_identity.role_arn);
    return sts_assume_role_with_web_identity(context, asked, &chain->web_identity,
                                             profile_get(&chain->base, "web_identity_token_file"),
                                             out, err);
}

static enum source_result fetch_base(const struct source_context *context,
                                     const struct profile *asked, const struct profile_chain *chain,
                                     struct dsql_credentials *out, dsql_error *err)
{
    switch (chain->kind) {
    case PROFILE_BASE_KEYS:
        return fetch_keys(context, &chain->base, out, err);
    case PROFILE_BASE_ENVIRONMENT:
        return credentials_source_environment.fetch(context, out, err);
    case PROFILE_BASE_WEB_IDENTITY:
        return fetch_web_identity(context, asked, chain, out, err);
    case PROFILE_BASE_PROCESS:
        return process_fetch(context, &chain->base, out, err);
    case PROFILE_BASE_CONTAINER:
        return container_fetch(context, out, err);
    case PROFILE_BASE_SSO:
        return sso_fetch(context, &chain->base, out, err);
    case PROFILE_BASE_LOGIN:
        return login_fetch(context, &chain->base, out, err);
    case PROFILE_BASE_INSTANCE:
        return imds_fetch(context, asked, out, err); /* who says where it is */
    }
    return source_failed(err, "profile \"%s\" has an unknown kind of credentials",
                         chain->base.name);
}

/* A profile that names a place where nothing is set up is wrong, not without credentials. */
static enum source_result fetch_configured(const struct source_context *context,
                                           const struct profile *asked,
                                           const struct profile_chain *chain,
                                           struct dsql_credentials *out, dsql_error *err)
{
    dsql_error missing = {0};
    enum source_result result = fetch_base(context, asked, chain, out, &missing);
    if (result == SOURCE_NOT_CONFIGURED) {
        return source_failed(err, "profile \"%s\" says where its credentials are, but: %s",
                             chain->base.name, missing.message);
    }
    if (result == SOURCE_FAILED && err != NULL) {
        *err = missing;
    }
    return result;
}

/* ---- Roles ---- */

/* Replaces what asks by what it got. */
static enum source_result assume(const struct source_context *context, const struct profile *asked,
                                 const struct profile_role *link, struct dsql_credentials *current,
                                 dsql_error *err)
{
    struct dsql_credentials next = {0};
    enum source_result result = sts_assume_role(context, asked, &link->role, current, &next, err);
    credentials_clear(current);
    if (result == SOURCE_GOT) {
        *current = next; /* handed over */
        source_used(context, "; role %s by profile \"%s\"", link->role.role_arn,
                    link->profile.name);
    }
    return result;
}

static enum source_result fetch_chain(const struct source_context *context,
                                      const struct profile *asked,
                                      const struct profile_chain *chain,
                                      struct dsql_credentials *out, dsql_error *err)
{
    struct dsql_credentials current = {0};
    enum source_result result = fetch_configured(context, asked, chain, &current, err);
    for (size_t i = chain->role_count; i > 0 && result == SOURCE_GOT; i--) {
        result = assume(context, asked, &chain->roles[i - 1], &current, err);
    }
    if (result == SOURCE_GOT) {
        credentials_clear(out);
        *out = current; /* handed over */
    }
    return result;
}

/* ---- The source ---- */

/* A profile that somebody named must exist; "default" need not. */
static enum source_result read_profile(const struct source_context *context,
                                       const struct profile *profile, bool is_named,
                                       struct dsql_credentials *out, dsql_error *err)
{
    struct profile_chain chain;
    if (!profile_set_has(profile->set, PROFILE_SECTION_PROFILE, profile->name)) {
        fail(err, DSQL_ERR_CREDENTIALS, "there is no profile \"%s\" in the AWS configuration files",
             profile->name);
        return is_named ? SOURCE_FAILED : SOURCE_NOT_CONFIGURED;
    }
    enum source_result result = profile_chain_resolve(profile, &chain, err);
    return result == SOURCE_GOT ? fetch_chain(context, profile, &chain, out, err) : result;
}

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
