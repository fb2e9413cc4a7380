/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan is complete before anything is fetched, so that a mistake in the last profile of
 * a chain costs no request.  Texts of the plan belong to the profile set.
 *
 * The rules are those in the header.  This file reads no file and sends nothing.
 */
#include "credentials/sources/profile_chain.h"

#include "base/error.h"

static bool has(const struct profile *profile, const char *key)
{
    return profile_get(profile, key) != NULL;
}

/* ---- A role ---- */

/* In seconds; 0 leaves it to STS. */
static enum source_result read_duration(const struct profile *profile, int *out, dsql_error *err)
{
    const char *value = profile_get(profile, "duration_seconds");
    int64_t seconds = 0;
    if (value != NULL && !text_to_int64(text_trim(text_of(value)), STS_MIN_DURATION_S,
                                        STS_MAX_DURATION_S, &seconds)) {
        return source_failed(err, "profile \"%s\": duration_seconds must be a number from %d to %d",
                             profile->name, STS_MIN_DURATION_S, STS_MAX_DURATION_S);
    }
    *out = (int)seconds;
    return SOURCE_GOT;
}

/*
 * A library cannot ask a person for an MFA code, so such a profile is an error that says what to
 * run instead.
 */
static enum source_result read_role(const struct profile *profile, struct sts_role *out,
                                    dsql_error *err)
{
    if (has(profile, "mfa_serial")) {
        return source_failed(err,
                             "profile \"%s\" needs a code for its mfa_serial, which a library "
                             "cannot ask for; run: eval \"$(aws configure export-credentials "
                             "--profile %s --format env)\"",
                             profile->name, profile->name);
    }
    out->role_arn = profile_get(profile, "role_arn");
    out->session_name = profile_get(profile, "role_session_name");
    out->external_id = profile_get(profile, "external_id");
    return read_duration(profile, &out->duration_s, err);
}

/* AssumeRoleWithWebIdentity takes no external id and no MFA. */
static enum source_result read_web_identity(const struct profile *profile, struct sts_role *out,
                                            dsql_error *err)
{
    out->role_arn = profile_get(profile, "role_arn");
    out->session_name = profile_get(profile, "role_session_name");
    if (out->role_arn == NULL) {
        return source_failed(err,
                             "profile \"%s\" has web_identity_token_file, but role_arn is missing",
                             profile->name);
    }
    return read_duration(profile, &out->duration_s, err);
}

/* ---- A profile's own credentials ---- */

/* The three values are spelled exactly as in the Guide, with their case. */
static enum source_result read_credential_source(const struct profile *profile, const char *value,
                                                 enum profile_base_kind *kind, dsql_error *err)
{
    static const struct {
        const char *name;
        enum profile_base_kind kind;
    } known[] = {
        {"Environment", PROFILE_BASE_ENVIRONMENT},
        {"Ec2InstanceMetadata", PROFILE_BASE_INSTANCE},
        {"EcsContainer", PROFILE_BASE_CONTAINER},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (text_equal_string(text_trim(text_of(value)), known[i].name)) {
            *kind = known[i].kind;
            return SOURCE_GOT;
        }
    }
    return source_failed(err,
                         "profile \"%s\": credential_source must be Environment, "
                         "Ec2InstanceMetadata or EcsContainer",
                         profile->name);
}

/* One key is enough: sso.c then reports what is missing. */
static bool has_sso(const struct profile *profile)
{
    static const char *const keys[] = {"sso_session", "sso_start_url", "sso_region",
                                       "sso_account_id", "sso_role_name"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (has(profile, keys[i])) {
            return true;
        }
    }
    return false;
}

/*
 * Half a pair is an error: it is a mistake in the file, and a search that goes on would find
 * another identity.
 */
static enum source_result read_keys(const struct profile *profile, enum profile_base_kind *kind,
                                    dsql_error *err)
{
    bool has_id = has(profile, "aws_access_key_id");
    bool has_secret = has(profile, "aws_secret_access_key");
    if (has_id && has_secret) {
        *kind = PROFILE_BASE_KEYS;
        return SOURCE_GOT;
    }
    if (has_id || has_secret) {
        return source_failed(err, "profile \"%s\" has no %s", profile->name,
                             has_id ? "aws_secret_access_key" : "aws_access_key_id");
    }
    fail(err, DSQL_ERR_CREDENTIALS,
         "profile \"%s\" has no keys and names no other source of credentials", profile->name);
    return SOURCE_NOT_CONFIGURED;
}

/* The order of the header's fourth rule. */
static enum source_result read_base(const struct profile *profile, struct profile_chain *out,
                                    dsql_error *err)
{
    const char *source = profile_get(profile, "credential_source");
    out->base = *profile;
    if (source != NULL) {
        return read_credential_source(profile, source, &out->kind, err);
    }
    if (has(profile, "web_identity_token_file")) {
        out->kind = PROFILE_BASE_WEB_IDENTITY;
        return read_web_identity(profile, &out->web_identity, err);
    }
    if (has_sso(profile)) {
        out->kind = PROFILE_BASE_SSO;
        return SOURCE_GOT;
    }
    if (has(profile, "login_session")) {
        out->kind = PROFILE_BASE_LOGIN;
        return SOURCE_GOT;
    }
    if (has(profile, "credential_process")) {
        out->kind = PROFILE_BASE_PROCESS;
        return SOURCE_GOT;
    }
    return read_keys(profile, &out->kind, err);
}

/* ---- From profile to profile ---- */

/* A role with a web identity token is where a chain begins: it needs no other credentials. */
static bool assumes_role(const struct profile *profile)
{
    return has(profile, "role_arn") && !has(profile, "web_identity_token_file");
}

/* A loop would otherwise end only at PROFILE_CHAIN_MAX, with a message that misleads. */
static bool was_visited(const struct profile_chain *chain, const char *name)
{
    for (size_t i = 0; i < chain->role_count; i++) {
        if (text_equal_string(text_of(name), chain->roles[i].profile.name)) {
            return true;
        }
    }
    return false;
}

/* There is room for one more role: follow() checked it, and the first always fits. */
static enum source_result add_role(const struct profile *profile, struct profile_chain *chain,
                                   dsql_error *err)
{
    struct profile_role *link = &chain->roles[chain->role_count];
    bool has_source = has(profile, "source_profile");
    bool has_credential_source = has(profile, "credential_source");
    if (has_source && has_credential_source) {
        return source_failed(err,
                             "profile \"%s\" has both source_profile and credential_source; "
                             "remove one of them",
                             profile->name);
    }
    if (!has_source && !has_credential_source) {
        return source_failed(err,
                             "profile \"%s\" has role_arn, so it needs source_profile or "
                             "credential_source: the credentials with which to assume the role",
                             profile->name);
    }
    *link = (struct profile_role){.profile = *profile};
    chain->role_count++;
    return read_role(profile, &link->role, err);
}

/* Moves to the profile that source_profile names. */
static enum source_result follow(struct profile *profile, const char *name,
                                 const struct profile_chain *chain, dsql_error *err)
{
    if (!profile_set_has(profile->set, PROFILE_SECTION_PROFILE, name)) {
        const char *problem = profile_set_problem(profile->set, name);
        return source_failed(err,
                             "there is no profile \"%s\", which profile \"%s\" names as its "
                             "source_profile%s%s",
                             name, profile->name, problem == NULL ? "" : "; ",
                             problem == NULL ? "" : problem);
    }
    if (was_visited(chain, name)) {
        return source_failed(err,
                             "the profiles \"%s\" and \"%s\" name each other as source_profile; "
                             "one of them must have its own credentials",
                             profile->name, name);
    }
    if (chain->role_count == PROFILE_CHAIN_MAX) {
        return source_failed(err,
                             "the chain of source_profile has more than %d profiles, up to \"%s\"",
                             PROFILE_CHAIN_MAX, name);
    }
    profile->name = name;
    return SOURCE_GOT;
}

/* The base of a role: here missing credentials are an error, since a profile depends on them. */
static enum source_result read_base_of_role(const struct profile *profile,
                                            struct profile_chain *out, dsql_error *err)
{
    enum source_result result = read_base(profile, out, err);
    return result == SOURCE_NOT_CONFIGURED ? SOURCE_FAILED : result;
}

/*
 * The requested profile is a role even if it has keys; a profile that was reached by
 * source_profile and has keys ends the chain (rules one and two of the header).
 */
enum source_result profile_chain_resolve(const struct profile *profile, struct profile_chain *out,
                                         dsql_error *err)
{
    enum profile_base_kind keys;
    struct profile current = *profile;
    *out = (struct profile_chain){0};
    while (assumes_role(&current) &&
           (out->role_count == 0 || read_keys(&current, &keys, NULL) != SOURCE_GOT)) {
        if (add_role(&current, out, err) != SOURCE_GOT) {
            return SOURCE_FAILED;
        }
        const char *next = profile_get(&current, "source_profile");
        if (next == NULL || text_equal_string(text_of(next), current.name)) {
            return read_base_of_role(&current, out, err);
        }
        if (follow(&current, next, out, err) != SOURCE_GOT) {
            return SOURCE_FAILED;
        }
    }
    if (out->role_count == 0) {
        return read_base(&current, out, err);
    }
    out->base = current;
    return read_keys(&current, &out->kind, NULL) == SOURCE_GOT
               ? SOURCE_GOT
               : read_base_of_role(&current, out, err);
}
