/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * IAM Identity Center Portal API Reference, GetRoleCredentials: the access token of the login
 * is exchanged for credentials of the role that the profile names.
 */
#include "credentials/sources/sso.h"

#include "base/error.h"
#include "base/percent.h"
#include "credentials/aws/service_send.h"
#include "credentials/sources/sso_token.h"

enum { MAX_PATH_SIZE = 2048 };

/* The texts belong to the profile set. */
struct sso {
    struct sso_login login;
    const char *account_id;
    const char *role_name;
};

/* ---- The settings of the profile ---- */

/* Any of them means that the user wants this source, so an incomplete set is an error. */
static bool has_any_key(const struct profile *profile)
{
    static const char *const keys[] = {"sso_session", "sso_start_url", "sso_region",
                                       "sso_account_id", "sso_role_name"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (profile_get(profile, keys[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static enum source_result fail_missing(const struct profile *profile, const char *key,
                                       dsql_error *err)
{
    return source_failed(err, "profile \"%s\" has no %s; run: aws configure sso", profile->name,
                         key);
}

/* NULL also for a value that is blank. */
static const char *session_get(const struct sso_login *login, const char *key)
{
    const char *value =
        profile_set_get(login->profile->set, PROFILE_SECTION_SSO_SESSION, login->session, key);
    return text_is_empty(text_trim(text_of(value))) ? NULL : value;
}

/*
 * A setting of the login must be in one place only, even if both agree, because it would be
 * unclear which one counts after an edit.
 */
static enum source_result read_session(struct sso_login *login, dsql_error *err)
{
    const struct profile *profile = login->profile;
    if (login->start_url != NULL || login->region != NULL) {
        return source_failed(err,
                             "profile \"%s\" has both sso_session and %s; the latter belongs in "
                             "[sso-session %s]",
                             profile->name, login->region != NULL ? "sso_region" : "sso_start_url",
                             login->session);
    }
    if (!profile_set_has(profile->set, PROFILE_SECTION_SSO_SESSION, login->session)) {
        const char *problem = profile_set_problem(profile->set, login->session);
        return source_failed(err,
                             "profile \"%s\" names the sso_session \"%s\", but there is no "
                             "[sso-session %s]; %s",
                             profile->name, login->session, login->session,
                             problem == NULL ? "run: aws configure sso" : problem);
    }
    login->start_url = session_get(login, "sso_start_url");
    login->region = session_get(login, "sso_region");
    if (login->start_url == NULL || login->region == NULL) {
        return source_failed(err, "[sso-session %s] has no %s; run: aws configure sso",
                             login->session,
                             login->region == NULL ? "sso_region" : "sso_start_url");
    }
    return SOURCE_GOT;
}

/* A session without account and role yields a token, but DSQL needs the credentials of a role. */
static enum source_result check_role(const struct sso *sso, dsql_error *err)
{
    const struct profile *profile = sso->login.profile;
    if (sso->account_id == NULL && sso->role_name == NULL) {
        return source_failed(err,
                             "profile \"%s\" logs in without a role: it needs sso_account_id and "
                             "sso_role_name; run: aws configure sso --profile %s",
                             profile->name, profile->name);
    }
    if (sso->account_id == NULL || sso->role_name == NULL) {
        return fail_missing(profile, sso->account_id == NULL ? "sso_account_id" : "sso_role_name",
                            err);
    }
    return SOURCE_GOT;
}

static enum source_result read_profile(const struct profile *profile, struct sso *out,
                                       dsql_error *err)
{
    *out = (struct sso){
        .login = {.profile = profile,
                  .session = profile_get(profile, "sso_session"),
                  .start_url = profile_get(profile, "sso_start_url"),
                  .region = profile_get(profile, "sso_region")},
        .account_id = profile_get(profile, "sso_account_id"),
        .role_name = profile_get(profile, "sso_role_name"),
    };
    if (!has_any_key(profile)) {
        fail(err, DSQL_ERR_CREDENTIALS, "profile \"%s\" has no sso_session", profile->name);
        return SOURCE_NOT_CONFIGURED;
    }
    if (out->login.session != NULL && read_session(&out->login, err) != SOURCE_GOT) {
        return SOURCE_FAILED;
    }
    if (out->login.start_url == NULL || out->login.region == NULL) {
        return fail_missing(profile, out->login.region == NULL ? "sso_region" : "sso_start_url",
                            err);
    }
    return check_role(out, err);
}

/* ---- The request ---- */

/*
 * Role and account come from a file and become part of a query, so they are percent-encoded.  The
 * token goes into a header, where it does not reach the log of a proxy.
 */
static dsql_status send(const struct source_context *context, const struct sso *sso,
                        const struct secret *token, struct http_response *response, dsql_error *err)
{
    struct service_endpoint endpoint;
    struct buf path AUTO_BUF;
    buf_init(&path, MAX_PATH_SIZE);
    buf_add_string(&path, "/federation/credentials?role_name=");
    percent_encode(&path, text_of(sso->role_name));
    buf_add_string(&path, "&account_id=");
    percent_encode(&path, text_of(sso->account_id));
    if (!buf_ok(&path)) {
        return fail(err, DSQL_ERR_CREDENTIALS, "sso_role_name or sso_account_id is too long");
    }
    const struct http_header header = {"x-amz-sso_bearer_token", secret_string(token)};
    const struct service_call call = {
        .endpoint = &endpoint,
        .method = "GET",
        .path = path.data,
        .headers = &header,
        .header_count = 1,
    };
    dsql_status status =
        service_endpoint(SERVICE_SSO, sso->login.profile, sso->login.region, &endpoint, err);
    return status == DSQL_OK ? service_send(context, sso->login.profile, &call, response, err)
                             : status;
}

/* 401 means that the token was revoked, and 403 that the user lacks the role. */
static enum source_result refuse(const struct sso *sso, const struct http_response *response,
                                 dsql_error *err)
{
    char code[SERVICE_CODE_SIZE];
    service_error_code(response, code);
    switch (response->status) {
    case HTTP_UNAUTHORIZED:
        sso_fail_login(&sso->login, "is no longer accepted", err);
        return SOURCE_FAILED;
    case HTTP_FORBIDDEN:
        return source_failed(err,
                             "IAM Identity Center does not allow this user the role %s in "
                             "account %s (profile \"%s\"); \"aws sso list-account-roles\" lists "
                             "the allowed roles",
                             sso->role_name, sso->account_id, sso->login.profile->name);
    default:
        return source_failed(
            err,
            "IAM Identity Center returned no credentials for the role %s in account "
            "%s (profile \"%s\"): HTTP %d %s",
            sso->role_name, sso->account_id, sso->login.profile->name, response->status, code);
    }
}

/* GetRoleCredentials gives the expiration in milliseconds; credentials have seconds. */
static enum source_result read_answer(const struct sso *sso, struct text body,
                                      struct dsql_credentials *out, dsql_error *err)
{
    int64_t expires_ms = 0;
    struct json *json AUTO_JSON = json_parse(body);
    const struct json *role = json == NULL ? NULL : json_get_object(json, "roleCredentials");
    if (role == NULL || json_get_string(role, "sessionToken") == NULL ||
        !json_get_integer(role, "expiration", &expires_ms) || expires_ms < 1000) {
        return source_failed(err,
                             "IAM Identity Center sent a response for profile \"%s\" that has "
                             "no credentials",
                             sso->login.profile->name);
    }
    dsql_status status =
        credentials_fill(out, text_of(json_get_string(role, "accessKeyId")),
                         text_of(json_get_string(role, "secretAccessKey")),
                         text_of(json_get_string(role, "sessionToken")), expires_ms / 1000);
    return source_filled(status, "IAM Identity Center", err);
}

/* The response is wiped with its scope, also after a failure. */
static enum source_result get_role(const struct source_context *context, const struct sso *sso,
                                   const struct secret *token, struct dsql_credentials *out,
                                   dsql_error *err)
{
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    if (send(context, sso, token, &response, err) != DSQL_OK) {
        return SOURCE_FAILED;
    }
    return response.status == HTTP_OK ? read_answer(sso, buf_text(&response.body), out, err)
                                      : refuse(sso, &response, err);
}

enum source_result sso_fetch(const struct source_context *context, const struct profile *profile,
                             struct dsql_credentials *out, dsql_error *err)
{
    struct sso sso;
    struct secret token = {0};
    enum source_result result = read_profile(profile, &sso, err);
    if (result != SOURCE_GOT) {
        return result;
    }
    if (sso_token_get(context, &sso.login, &token, err) != DSQL_OK) {
        return SOURCE_FAILED;
    }
    result = get_role(context, &sso, &token, out, err);
    secret_clear(&token);
    if (result == SOURCE_GOT) {
        source_used(context, "IAM Identity Center, role %s in account %s (profile \"%s\")",
                    sso.role_name, sso.account_id, profile->name);
    }
    return result;
}
