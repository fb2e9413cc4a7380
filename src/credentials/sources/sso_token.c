/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the cache file for each fetch, renews the token when its expiration is near, and
 * writes the file back atomically with every field that it does not know.  Another program
 * may renew at the same moment; then the file is read again, since its token is valid.
 */
#include "credentials/sources/sso_token.h"

#include "base/error.h"
#include "base/memory.h"
#include "credentials/aws/rfc3339.h"
#include "credentials/aws/service_send.h"
#include "credentials/sources/login_file.h"

enum { MAX_LIFE_S = 365 * 24 * 60 * 60 };

/* path and json belong to the function that made it; expires_at is in Unix seconds. */
struct cached_token {
    const struct sso_login *login;
    char *path;
    struct json *json; /* the file */
    int64_t expires_at;
};

dsql_status sso_fail_login(const struct sso_login *login, const char *what, dsql_error *err)
{
    const char *name = login->profile->name;
    return fail(err, DSQL_ERR_CREDENTIALS,
                "the login of profile \"%s\" %s; run: aws sso login "
                "--profile %s",
                name, what, name);
}

/* ---- Reading ---- */

static bool parse_time(const char *string, int64_t *out)
{
    return rfc3339_parse(text_trim(text_of(string)), out);
}

/* On failure token->json may be set already; the caller frees it in any case. */
static dsql_status read_file(const struct source_context *context, struct cached_token *token,
                             dsql_error *err)
{
    bool is_missing = false;
    dsql_error reason = {0};
    token->json = login_file_read(context->files, token->path, &is_missing, &reason);
    if (is_missing) {
        return sso_fail_login(token->login, "does not exist: nobody has logged in yet", err);
    }
    if (token->json == NULL) {
        return sso_fail_login(token->login,
                              "cannot be used: its cache file cannot be read or is damaged", err);
    }
    if (text_is_empty(text_of(json_get_string(token->json, "accessToken"))) ||
        !parse_time(json_get_string(token->json, "expiresAt"), &token->expires_at)) {
        return sso_fail_login(
            token->login, "cannot be used: accessToken or expiresAt is missing in its cache file",
            err);
    }
    return DSQL_OK;
}

/* ---- Renewing ---- */

/*
 * OIDC API Reference, CreateToken: a client's registration expires on its own, and a renewal with
 * an expired one fails.
 */
static bool can_renew(const struct cached_token *token, int64_t now)
{
    int64_t registration_ends = 0;
    const char *registration = json_get_string(token->json, "registrationExpiresAt");
    return json_get_string(token->json, "clientId") != NULL &&
           json_get_string(token->json, "clientSecret") != NULL &&
           json_get_string(token->json, "refreshToken") != NULL &&
           (registration == NULL ||
            (parse_time(registration, &registration_ends) && registration_ends > now));
}

/*
 * At most one attempt in SSO_RENEWAL_PAUSE_MS, because near its end the token would otherwise be
 * renewed at every fetch while the service is in trouble.  A permitted attempt is noted.
 */
static bool may_try_now(const struct source_context *context)
{
    struct source_memory *memory = context->memory;
    int64_t now_ms = clock_monotonic_ms(context->clock);
    if (memory == NULL) {
        return true;
    }
    if (memory->has_renewed_login && now_ms - memory->login_renewed_ms < SSO_RENEWAL_PAUSE_MS) {
        return false;
    }
    memory->has_renewed_login = true;
    memory->login_renewed_ms = now_ms;
    return true;
}

/* CreateToken with grantType refresh_token.  The caller frees it. */
static struct json *renewal_body(const struct json *cached)
{
    struct json *body = json_new();
    if (body != NULL && json_set_string(body, "clientId", json_get_string(cached, "clientId")) &&
        json_set_string(body, "clientSecret", json_get_string(cached, "clientSecret")) &&
        json_set_string(body, "grantType", "refresh_token") &&
        json_set_string(body, "refreshToken", json_get_string(cached, "refreshToken"))) {
        return body;
    }
    json_free(body);
    return NULL;
}

/* The endpoint is that of the login's region, which may differ from the profile's. */
static dsql_status request_token(const struct source_context *context,
                                 const struct sso_login *login, const struct json *body,
                                 struct http_response *response, dsql_error *err)
{
    struct service_endpoint endpoint;
    const struct service_call call = {
        .endpoint = &endpoint,
        .method = "POST",
        .path = "/token",
        .body = body,
    };
    dsql_status status =
        service_endpoint(SERVICE_SSO_OIDC, login->profile, login->region, &endpoint, err);
    if (status == DSQL_OK) {
        status = service_send(context, login->profile, &call, response, err);
    }
    if (status == DSQL_OK && response->status != HTTP_OK) {
        char code[SERVICE_CODE_SIZE];
        service_error_code(response, code);
        status = fail(err, DSQL_ERR_CREDENTIALS, "HTTP %d %s", response->status, code);
    }
    return status;
}

/*
 * Access token and lifetime are checked before anything is changed.  If the response has no new
 * refresh token, the old one is removed, because it has been used.
 */
static dsql_status take_answer(const struct source_context *context, struct cached_token *token,
                               const struct json *answer, dsql_error *err)
{
    int64_t life_s = 0;
    char expires[RFC3339_SIZE];
    const char *access = json_get_string(answer, "accessToken");
    const char *refresh = json_get_string(answer, "refreshToken");
    if (access == NULL || access[0] == '\0' || !json_get_integer(answer, "expiresIn", &life_s) ||
        life_s <= 0 || life_s > MAX_LIFE_S) {
        return fail(err, DSQL_ERR_CREDENTIALS, "the response has no valid token");
    }
    int64_t expires_at = clock_wall_s(context->clock) + life_s;
    if (!rfc3339_format(expires_at, expires) ||
        !json_set_string(token->json, "accessToken", access) ||
        !json_set_string(token->json, "expiresAt", expires) ||
        (refresh != NULL && !json_set_string(token->json, "refreshToken", refresh))) {
        return fail_nomem(err);
    }
    if (refresh == NULL) {
        json_remove(token->json, "refreshToken");
    }
    token->expires_at = expires_at;
    return DSQL_OK;
}

/* A renewed token that cannot be written is still good for this fetch, so this is a warning. */
static void keep(const struct source_context *context, const struct cached_token *token)
{
    dsql_error reason = {0};
    if (!login_file_write(context->files, token->path, token->json)) {
        fail_errno(&reason, DSQL_ERR_CREDENTIALS, "could not write %s", token->path);
        log_write(context->logger, DSQL_LOG_WARN,
                  "could not save the renewed login of profile \"%s\"; you may have to log in "
                  "again: %s",
                  token->login->profile->name, reason.message);
    }
}

static dsql_status renew(const struct source_context *context, struct cached_token *token,
                         dsql_error *err)
{
    struct http_response response AUTO_HTTP_RESPONSE;
    struct json *body AUTO_JSON = renewal_body(token->json);
    http_response_init(&response);
    if (body == NULL) {
        return fail_nomem(err);
    }
    dsql_status status = request_token(context, token->login, body, &response, err);
    if (status != DSQL_OK) {
        return status;
    }
    struct json *answer AUTO_JSON = json_parse(buf_text(&response.body));
    if (answer == NULL) {
        return fail(err, DSQL_ERR_CREDENTIALS, "the response is not JSON");
    }
    status = take_answer(context, token, answer, err);
    if (status == DSQL_OK) {
        keep(context, token);
    }
    return status;
}

/* ---- Both ---- */

/* The reason is cut, so that the command to run still fits into the message. */
static dsql_status fail_ended(const struct sso_login *login, const dsql_error *reason,
                              dsql_error *err)
{
    struct buf what AUTO_BUF;
    buf_init(&what, DSQL_ERROR_MESSAGE_SIZE);
    buf_add_string(&what, "has ended");
    if (reason->message[0] != '\0') {
        buf_printf(&what, " and could not be renewed (%.200s)", reason->message);
    }
    return buf_ok(&what) ? sso_fail_login(login, what.data, err) : fail_nomem(err);
}

/*
 * Another program may have renewed the token meanwhile, which made our refresh token invalid.
 * Only then is its object taken over.
 */
static bool is_renewed_by_another(const struct source_context *context, struct cached_token *token)
{
    dsql_error ignored = {0};
    struct cached_token again = {.login = token->login, .path = token->path};
    bool is_renewed = read_file(context, &again, &ignored) == DSQL_OK &&
                      again.expires_at - clock_wall_s(context->clock) > SSO_RENEWAL_S;
    if (is_renewed) {
        json_free(token->json);
        *token = again; /* the same path, and the new object */
    } else {
        json_free(again.json);
    }
    return is_renewed;
}

/* A token that has not expired stays in use if it cannot be renewed; the log has the reason. */
static dsql_status renew_if_due(const struct source_context *context, struct cached_token *token,
                                dsql_error *err)
{
    dsql_error reason = {0};
    int64_t now = clock_wall_s(context->clock);
    int64_t left_s = token->expires_at - now;
    if (left_s > SSO_RENEWAL_S) {
        return DSQL_OK;
    }
    if (can_renew(token, now)) {
        dsql_status status = may_try_now(context) ? renew(context, token, &reason)
                                                  : fail(&reason, DSQL_ERR_CREDENTIALS,
                                                         "the last attempt was a moment ago");
        if (status == DSQL_OK || is_renewed_by_another(context, token)) {
            return DSQL_OK;
        }
        log_write(context->logger, DSQL_LOG_WARN, "could not renew the login of profile \"%s\": %s",
                  token->login->profile->name, reason.message);
    }
    return left_s > 0 ? DSQL_OK : fail_ended(token->login, &reason, err);
}

/* The CLI names the file after the session, or after the start URL in the legacy form. */
dsql_status sso_token_get(const struct source_context *context, const struct sso_login *login,
                          struct secret *token, dsql_error *err)
{
    const char *name = login->session != NULL ? login->session : login->start_url;
    struct cached_token cached = {.login = login};
    dsql_status status =
        login_file_path(NULL, ".aws/sso/cache", LOGIN_SHA1, name, &cached.path, err);
    if (status == DSQL_OK) {
        status = read_file(context, &cached, err);
    }
    if (status == DSQL_OK) {
        status = renew_if_due(context, &cached, err);
    }
    if (status == DSQL_OK &&
        !secret_set_string(token, json_get_string(cached.json, "accessToken"))) {
        status = fail_nomem(err);
    }
    json_free(cached.json);
    mem_free(cached.path);
    return status;
}
