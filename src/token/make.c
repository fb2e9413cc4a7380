/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* From a request and credentials to a token, without a clock, a provider or the network. */
#include "token/make.h"

#include "base/error.h"

const char *token_action_name(enum token_action action)
{
    return action == TOKEN_CONNECT_ADMIN ? "DbConnectAdmin" : "DbConnect";
}

enum token_action token_action_for_user(const char *user)
{
    return text_equal_string(text_of(user), SETTINGS_ADMIN_USER) ? TOKEN_CONNECT_ADMIN
                                                                 : TOKEN_CONNECT;
}

bool token_presign_init(struct sigv4_presign *presign, enum token_action action, int64_t signed_at)
{
    static const struct sigv4_param connect = {"Action", "DbConnect"};
    static const struct sigv4_param connect_admin = {"Action", "DbConnectAdmin"};
    *presign = (struct sigv4_presign){
        .params = action == TOKEN_CONNECT_ADMIN ? &connect_admin : &connect,
        .param_count = 1,
        .scope = {.service = TOKEN_SERVICE},
    };
    return clock_format_basic(signed_at, presign->scope.time);
}

/* A token of expired credentials would be rejected by the server with a message that says less. */
dsql_status token_check_request(const struct token_request *request,
                                const struct dsql_credentials *credentials, dsql_error *err)
{
    if (request->seconds < 1 || request->seconds > SETTINGS_MAX_TOKEN_SECONDS) {
        return fail(err, DSQL_ERR_USAGE, "token_seconds is %d; it must be from 1 to %d",
                    request->seconds, (int)SETTINGS_MAX_TOKEN_SECONDS);
    }
    if (secret_is_empty(&credentials->access_key_id) ||
        secret_is_empty(&credentials->secret_access_key)) {
        return fail(err, DSQL_ERR_CREDENTIALS, "the AWS credentials have no access key");
    }
    if (credentials->expires_at != 0 && credentials->expires_at <= request->now) {
        return fail(err, DSQL_ERR_CREDENTIALS, "the AWS credentials have expired");
    }
    return DSQL_OK;
}

int64_t token_effective_seconds(const struct token_request *request,
                                const struct dsql_credentials *credentials)
{
    int64_t left = credentials->expires_at - request->now;
    bool is_cut = credentials->expires_at != 0 && left < request->seconds;
    return is_cut ? left : request->seconds;
}

/* The session token is the only part without a small limit, so it is the likely cause. */
dsql_status token_fail_signing(const struct dsql_credentials *credentials, dsql_error *err)
{
    if (credentials->session_token.len > TOKEN_MAX_SIZE / 4) {
        return fail(err, DSQL_ERR_TOKEN, "the session token of %zu bytes is too long",
                    credentials->session_token.len);
    }
    return fail(err, DSQL_ERR_TOKEN, "could not sign a token: out of memory, or libcrypto failed");
}

dsql_status token_fill_template(struct token_template *template, struct sha256 *hash,
                                const struct token_request *request,
                                const struct dsql_credentials *credentials, int64_t seconds,
                                dsql_error *err)
{
    struct sigv4_presign presign;
    if (!token_presign_init(&presign, request->action, request->now)) {
        return fail(err, DSQL_ERR_TOKEN, "the system clock shows a year that cannot be signed");
    }
    presign.host = request->endpoint->host;
    presign.scope.region = request->endpoint->region;
    presign.access_key_id = secret_string(&credentials->access_key_id);
    if (!secret_is_empty(&credentials->session_token)) {
        presign.session_token = secret_string(&credentials->session_token);
    }
    presign.expires_s = seconds;
    return token_template_fill(template, hash, &presign, &credentials->secret_access_key,
                               request->now)
               ? DSQL_OK
               : token_fail_signing(credentials, err);
}

dsql_status token_make(const struct token_request *request,
                       const struct dsql_credentials *credentials, char **token,
                       int64_t *expires_at, dsql_error *err)
{
    struct token_template template;
    struct sha256 hash AUTO_SHA256 = {0};
    dsql_status status = token_check_request(request, credentials, err);
    int64_t seconds = token_effective_seconds(request, credentials);
    if (status == DSQL_OK && !sha256_init(&hash)) {
        status = token_fail_signing(credentials, err);
    }
    if (status == DSQL_OK) {
        status = token_fill_template(&template, &hash, request, credentials, seconds, err);
    }
    if (status != DSQL_OK) {
        return status;
    }
    char *made = token_template_sign(&template, &hash, request->now);
    token_template_clear(&template);
    if (made == NULL) {
        return token_fail_signing(credentials, err);
    }
    *token = made;
    if (expires_at != NULL) {
        *expires_at = request->now + seconds;
    }
    return DSQL_OK;
}
