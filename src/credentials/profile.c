/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of a profile in the shared files.  Only keys that stand there: a profile that
 * asks for a role, single sign-on or a process is refused in words, not passed over.
 */
#include "credentials/profile.h"

#include "base/error.h"
#include "base/memory.h"
#include "config/environment.h"

const char *profile_get(const struct profile *profile, const char *key)
{
    const char *value = profile_set_get(profile->set, PROFILE_SECTION_PROFILE, profile->name, key);
    return text_is_empty(text_trim(text_of(value))) ? NULL : value;
}

char *profile_choose(const char *wanted, bool *is_named)
{
    const char *named = wanted != NULL && wanted[0] != '\0' ? wanted : NULL;
    if (named == NULL) {
        named = environment_get("AWS_PROFILE");
    }
    if (is_named != NULL) {
        *is_named = named != NULL;
    }
    return mem_strdup(named == NULL ? "default" : named); /* the environment may move */
}

static const char *get(const struct profile_set *set, const char *name, const char *key)
{
    const struct profile profile = {.set = set, .name = name};
    return profile_get(&profile, key);
}

/* The key by which a profile asks for a kind of credentials that we cannot get; or NULL. */
static const char *unsupported_key(const struct profile_set *set, const char *name)
{
    static const char *const keys[] = {
        "role_arn",      "source_profile", "credential_source", "web_identity_token_file",
        "sso_session",   "sso_start_url",  "sso_account_id",    "credential_process",
        "login_session",
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (get(set, name, keys[i]) != NULL) {
            return keys[i];
        }
    }
    return NULL;
}

static enum source_result without_keys(const struct profile_set *set, const char *name,
                                       dsql_error *err)
{
    const char *key = unsupported_key(set, name);
    if (key != NULL) {
        fail(err, DSQL_ERR_CREDENTIALS,
             "profile \"%s\" gets its credentials by %s, which this version does not support; "
             "try: eval \"$(aws configure export-credentials --profile %s --format env)\"",
             name, key, name);
        return SOURCE_FAILED;
    }
    fail(err, DSQL_ERR_CREDENTIALS, "profile \"%s\" has no keys", name);
    return SOURCE_NOT_CONFIGURED;
}

static enum source_result read_keys(const struct profile_set *set, const char *name,
                                    struct dsql_credentials *out, dsql_error *err)
{
    const char *id = get(set, name, "aws_access_key_id");
    const char *secret = get(set, name, "aws_secret_access_key");
    if (id == NULL && secret == NULL) {
        return without_keys(set, name, err);
    }
    if (id == NULL || secret == NULL) {
        fail(err, DSQL_ERR_CREDENTIALS, "profile \"%s\" lacks %s", name,
             id == NULL ? "aws_access_key_id" : "aws_secret_access_key");
        return SOURCE_FAILED;
    }
    dsql_status status = credentials_fill(out, text_of(id), text_of(secret),
                                          text_of(get(set, name, "aws_session_token")), 0);
    return source_filled(status, name, err);
}

/* A profile that somebody named must exist; "default" need not. */
static enum source_result read_profile(const struct profile_set *set, const char *name,
                                       bool is_named, struct dsql_credentials *out, dsql_error *err)
{
    if (profile_set_has(set, PROFILE_SECTION_PROFILE, name)) {
        return read_keys(set, name, out, err);
    }
    fail(err, DSQL_ERR_CREDENTIALS, "there is no profile \"%s\" in the AWS configuration files",
         name);
    return is_named ? SOURCE_FAILED : SOURCE_NOT_CONFIGURED;
}

static enum source_result fetch_profile(const struct source_context *context,
                                        struct dsql_credentials *out, dsql_error *err)
{
    bool is_named = false;
    AUTO_FREE char *name = profile_choose(context->profile, &is_named);
    if (name == NULL) {
        fail_nomem(err);
        return SOURCE_FAILED;
    }
    struct profile_set *set = profile_set_load(context->files, err);
    if (set == NULL) {
        return SOURCE_FAILED;
    }
    enum source_result result = read_profile(set, name, is_named, out, err);
    source_used(context, "keys of profile \"%s\"", name);
    profile_set_free(set);
    return result;
}

const struct credentials_source credentials_source_profile = {
    .name = "profile",
    .fetch = fetch_profile,
};
