/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS Sign-In API Reference, CreateOAuth2Token.  A renewal returns a new refresh token and
 * invalidates the old one.  If two programs renew at the same moment, one of them fails; it
 * then reads the file again, where the other has written the new token.
 */
#include "credentials/sources/login.h"

#include "base/error.h"
#include "base/memory.h"
#include "credentials/aws/rfc3339.h"
#include "credentials/aws/service_send.h"
#include "credentials/sources/dpop.h"
#include "credentials/sources/login_file.h"

enum {
    RENEWAL_S = 5 * 60, /* credentials are renewed this long before they expire */
    MAX_LIFE_S = 24 * 60 * 60,
    MAX_TRIES = 3,
    RETRY_MAX_MS = 1000,
    MAX_PROOF_SIZE = 4096,
    MAX_WORDS_SIZE = 128
};

#define TOKEN_PATH "/v1/token"

/* One fetch: what it needs, and what it has read. path and json belong to it. */
struct login {
    const struct source_context *context;
    const struct profile *profile;
    char *path;
    struct json *json;  /* the file */
    int64_t expires_at; /* Unix seconds */
};

static dsql_status fail_login(const struct login *login, const char *what, dsql_error *err)
{
    const char *name = login->profile->name;
    return fail(err, DSQL_ERR_CREDENTIALS,
                "the login of profile \"%s\" %s; run: aws login --profile %s", name, what, name);
}

/* ---- Reading ---- */

static const char *access_get(const struct login *login, const char *key)
{
    return json_get_string(json_get_object(login->json, "accessToken"), key);
}

/*
 * The first required field that is missing, or NULL. All are checked before use, so that a
 * damaged file is reported at once and not when the credentials are about to expire.
 */
static const char *missing_name(const struct login *login)
{
    static const char *const names[] = {"clientId", "refreshToken", "dpopKey"};
    static const char *const access_names[] = {"accessKeyId", "secretAccessKey", "sessionToken",
                                               "accountId", "expiresAt"};
    if (json_get_object(login->json, "accessToken") == NULL) {
        return "accessToken";
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (text_is_empty(text_of(json_get_string(login->json, names[i])))) {
            return names[i];
        }
    }
    for (size_t i = 0; i < sizeof access_names / sizeof access_names[0]; i++) {
        if (text_is_empty(text_of(access_get(login, access_names[i])))) {
            return access_names[i];
        }
    }
    return NULL;
}

/*
 * Also called a second time, after another program has renewed the login; the old object is freed
 * then.  The messages contain no part of the file.
 */
static dsql_status read_file(struct login *login, dsql_error *err)
{
    bool is_missing = false;
    dsql_error reason = {0};
    json_free(login->json);
    login->json = login_file_read(login->context->files, login->path, &is_missing, &reason);
    if (is_missing) {
        return fail_login(login, "does not exist: nobody has logged in yet", err);
    }
    if (login->json == NULL) {
        return fail_login(login, "cannot be used: its cache file cannot be read or is damaged",
                          err);
    }
    const char *missing = missing_name(login);
    if (missing != NULL) {
        struct buf words AUTO_BUF;
        buf_init(&words, MAX_WORDS_SIZE);
        buf_printf(&words, "cannot be used: %s is missing in its cache file", missing);
        return fail_login(login, buf_ok(&words) ? words.data : "is unusable", err);
    }
    if (!rfc3339_parse(text_of(access_get(login, "expiresAt")), &login->expires_at)) {
        return fail_login(login, "cannot be used: expiresAt in its cache file is not a valid time",
                          err);
    }
    return DSQL_OK;
}

/* Negative after the credentials have expired. */
static int64_t left_s(const struct login *login)
{
    return login->expires_at - clock_wall_s(login->context->clock);
}

/* ---- Renewing ---- */

/* CreateOAuth2Token with grantType refresh_token.  The caller frees it. */
static struct json *renewal_body(const struct login *login)
{
    struct json *body = json_new();
    if (body != NULL &&
        json_set_string(body, "clientId", json_get_string(login->json, "clientId")) &&
        json_set_string(body, "grantType", "refresh_token") &&
        json_set_string(body, "refreshToken", json_get_string(login->json, "refreshToken"))) {
        return body;
    }
    json_free(body);
    return NULL;
}

/*
 * Each attempt needs a proof of its own, because a server accepts a proof only once.  Therefore
 * service_send() may not repeat the request (max_attempts 1), and send() below does it.
 */
static dsql_status send_once(const struct login *login, const struct service_endpoint *endpoint,
                             const struct json *body, struct http_response *response,
                             dsql_error *err)
{
    struct buf url AUTO_BUF;
    struct buf proof AUTO_BUF;
    buf_init(&url, SERVICE_URL_SIZE + sizeof TOKEN_PATH);
    buf_init_secret(&proof, MAX_PROOF_SIZE);
    buf_printf(&url, "%s" TOKEN_PATH, endpoint->url);
    if (!buf_ok(&url)) {
        return fail_nomem(err);
    }
    const struct dpop_request request = {
        .method = "POST",
        .url = url.data,
        .issued_at = clock_wall_s(login->context->clock),
        .random = login->context->random,
    };
    if (!dpop_proof(json_get_string(login->json, "dpopKey"), &request, &proof)) {
        return fail_login(login, "cannot be used: the dpopKey in its cache file is not valid", err);
    }
    const struct http_header header = {"dpop", proof.data};
    const struct service_call call = {
        .endpoint = endpoint,
        .method = "POST",
        .path = TOKEN_PATH,
        .headers = &header,
        .header_count = 1,
        .body = body,
        .max_attempts = 1,
    };
    return service_send(login->context, login->profile, &call, response, err);
}

/* No response, throttling, or an error of the server: the login itself may still be valid. */
static bool is_transient(dsql_status status, const struct http_response *response)
{
    if (status != DSQL_OK) {
        return status == DSQL_ERR_CONNECT || status == DSQL_ERR_TIMEOUT;
    }
    return response->status >= HTTP_SERVER_ERROR || response->status == HTTP_TOO_MANY_REQUESTS;
}

/*
 * The profile's region comes before the one of the environment: the login is known only in the
 * region in which it was made, and "aws login" writes that into the profile.
 */
static dsql_status send(const struct login *login, struct http_response *response, dsql_error *err)
{
    struct service_endpoint endpoint;
    dsql_status status = service_endpoint(SERVICE_SIGNIN, login->profile,
                                          profile_get(login->profile, "region"), &endpoint, err);
    struct json *body AUTO_JSON = renewal_body(login);
    if (status != DSQL_OK) {
        return status;
    }
    if (body == NULL) {
        return fail_nomem(err);
    }
    status = send_once(login, &endpoint, body, response, err);
    for (int tries = 1; tries < MAX_TRIES && is_transient(status, response); tries++) {
        clock_sleep_ms(login->context->clock, random_up_to(login->context->random, RETRY_MAX_MS));
        status = send_once(login, &endpoint, body, response, err);
    }
    return status;
}

/* The codes are those of the API reference; each has its own remedy. */
static dsql_status refuse(const struct login *login, const struct http_response *response,
                          dsql_error *err)
{
    char code[SERVICE_CODE_SIZE];
    struct buf words AUTO_BUF;
    buf_init(&words, MAX_WORDS_SIZE);
    service_error_code(response, code);
    struct text name = text_of(code);
    if (text_equal_string(name, "TOKEN_EXPIRED")) {
        return fail_login(login, "has ended", err);
    }
    if (text_equal_string(name, "USER_CREDENTIALS_CHANGED")) {
        return fail_login(login, "ended because the user's password or permissions changed", err);
    }
    if (text_equal_string(name, "INSUFFICIENT_PERMISSIONS")) {
        return fail_login(login,
                          "cannot be renewed: the user needs the permission "
                          "signin:CreateOAuth2Token",
                          err);
    }
    buf_printf(&words, "could not be renewed (HTTP %d%s%s)", response->status,
               code[0] == '\0' ? "" : " ", code);
    return fail_login(login, buf_ok(&words) ? words.data : "could not be renewed", err);
}

/* Changes only the fields of the response; everything else in the file is kept. */
static bool put_answer(const struct login *login, const struct json *answer, const char *expires)
{
    const struct json *fresh = json_get_object(answer, "accessToken");
    struct json *access = json_set_object(login->json, "accessToken");
    return access != NULL &&
           json_set_string(access, "accessKeyId", json_get_string(fresh, "accessKeyId")) &&
           json_set_string(access, "secretAccessKey", json_get_string(fresh, "secretAccessKey")) &&
           json_set_string(access, "sessionToken", json_get_string(fresh, "sessionToken")) &&
           json_set_string(access, "expiresAt", expires) &&
           json_set_string(login->json, "refreshToken", json_get_string(answer, "refreshToken"));
}

/*
 * A response is used whole or not at all: half of it would make the file useless, since the old
 * refresh token is invalid by now.
 */
static bool is_complete(const struct json *answer, int64_t *life_s)
{
    const struct json *fresh = json_get_object(answer, "accessToken");
    return fresh != NULL && json_get_string(fresh, "accessKeyId") != NULL &&
           json_get_string(fresh, "secretAccessKey") != NULL &&
           json_get_string(fresh, "sessionToken") != NULL &&
           json_get_string(answer, "refreshToken") != NULL &&
           json_get_integer(answer, "expiresIn", life_s) && *life_s > 0 && *life_s <= MAX_LIFE_S;
}

/* A renewed login that cannot be written is still good for this fetch, so this is a warning. */
static void keep(const struct login *login)
{
    dsql_error reason = {0};
    if (!login_file_write(login->context->files, login->path, login->json)) {
        fail_errno(&reason, DSQL_ERR_CREDENTIALS, "could not write %s", login->path);
        log_write(login->context->logger, DSQL_LOG_WARN,
                  "could not save the renewed login of profile \"%s\"; the next renewal needs "
                  "aws login: %s",
                  login->profile->name, reason.message);
    }
}

/* The file stores a time, the response a number of seconds. */
static dsql_status take_answer(struct login *login, struct text body, dsql_error *err)
{
    int64_t life_s = 0;
    char expires[RFC3339_SIZE];
    struct json *answer AUTO_JSON = json_parse(body);
    if (answer == NULL || !is_complete(answer, &life_s)) {
        return fail_login(login, "could not be renewed: the response is incomplete", err);
    }
    int64_t expires_at = clock_wall_s(login->context->clock) + life_s;
    if (!rfc3339_format(expires_at, expires) || !put_answer(login, answer, expires)) {
        return fail_nomem(err);
    }
    login->expires_at = expires_at;
    keep(login);
    return DSQL_OK;
}

/* Another program may have renewed it meanwhile, which made our refresh token invalid. */
static bool is_renewed_by_another(struct login *login)
{
    dsql_error ignored = {0};
    return read_file(login, &ignored) == DSQL_OK && left_s(login) > RENEWAL_S;
}

/*
 * While the service is in trouble, credentials that have not expired stay in use.  A rejection is
 * an error, unless another program was faster.
 */
static dsql_status renew(struct login *login, dsql_error *err)
{
    dsql_error reason = {0};
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    dsql_status status = send(login, &response, &reason);
    if (status == DSQL_OK && response.status == HTTP_OK) {
        return take_answer(login, buf_text(&response.body), err);
    }
    if (is_transient(status, &response) && left_s(login) > 0) {
        log_write(login->context->logger, DSQL_LOG_WARN,
                  "could not renew the login of profile \"%s\"; its credentials expire in %lld s",
                  login->profile->name, (long long)left_s(login));
        return DSQL_OK;
    }
    if (status == DSQL_OK) {
        status = refuse(login, &response, &reason);
        if (is_renewed_by_another(login)) {
            return DSQL_OK;
        }
    }
    *err = reason;
    return status;
}

/* ---- Both ---- */

static dsql_status get(struct login *login, dsql_error *err)
{
    dsql_status status = read_file(login, err);
    return status == DSQL_OK && left_s(login) <= RENEWAL_S ? renew(login, err) : status;
}

/* The detail is set only after success: only the source that has credentials reports one. */
static enum source_result give(const struct login *login, struct dsql_credentials *out,
                               dsql_error *err)
{
    dsql_status status =
        credentials_fill(out, text_of(access_get(login, "accessKeyId")),
                         text_of(access_get(login, "secretAccessKey")),
                         text_of(access_get(login, "sessionToken")), login->expires_at);
    if (status == DSQL_OK) {
        source_used(login->context, "login_session of profile \"%s\"", login->profile->name);
    }
    return source_filled(status, "aws login", err);
}

enum source_result login_fetch(const struct source_context *context, const struct profile *profile,
                               struct dsql_credentials *out, dsql_error *err)
{
    struct login login = {.context = context, .profile = profile};
    const char *session = profile_get(profile, "login_session");
    if (session == NULL) {
        fail(err, DSQL_ERR_CREDENTIALS, "profile \"%s\" has no login_session", profile->name);
        return SOURCE_NOT_CONFIGURED;
    }
    if (login_file_path("AWS_LOGIN_CACHE_DIRECTORY", ".aws/login/cache", LOGIN_SHA256, session,
                        &login.path, err) != DSQL_OK) {
        return SOURCE_FAILED;
    }
    enum source_result result =
        get(&login, err) == DSQL_OK ? give(&login, out, err) : SOURCE_FAILED;
    json_free(login.json);
    mem_free(login.path);
    return result;
}
