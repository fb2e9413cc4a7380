/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Collects what sigv4/ signs.  The parameters are written in the order in which SigV4 sorts them.
 * Signing uses no network; only completing the settings and fetching credentials may.
 */
#include "token/token.h"

#include "base/buf.h"
#include "base/cancellation.h"
#include "base/clock.h"
#include "base/error.h"
#include "credentials/cache/provider.h"
#include "token/complete.h"
#include "token/presign.h"
#include "token/verify.h"

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
static dsql_status check_request(const struct token_request *request,
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

/* A token never outlives the credentials that signed it, so its lifetime is cut to theirs. */
static int64_t effective_seconds(const struct token_request *request,
                                 const struct dsql_credentials *credentials)
{
    int64_t left = credentials->expires_at - request->now;
    bool is_cut = credentials->expires_at != 0 && left < request->seconds;
    return is_cut ? left : request->seconds;
}

/* The session token is the only part without a small limit, so it is the likely cause. */
static dsql_status fail_signing(const struct dsql_credentials *credentials, dsql_error *err)
{
    if (credentials->session_token.len > TOKEN_MAX_SIZE / 4) {
        return fail(err, DSQL_ERR_TOKEN, "the session token of %zu bytes is too long",
                    credentials->session_token.len);
    }
    return fail(err, DSQL_ERR_TOKEN, "could not sign a token: out of memory, or libcrypto failed");
}

/*
 * The presigned URL without its scheme.  NULL if it does not fit or libcrypto fails; the caller
 * frees it with secret_free_string().
 */
static char *write_token(const struct sigv4_presign *presign,
                         const struct secret *secret_access_key)
{
    char signature[SIGV4_HEX_SIZE];
    struct buf text AUTO_BUF;
    buf_init_secret(&text, TOKEN_MAX_SIZE);
    buf_add_string(&text, presign->host);
    buf_add_string(&text, "/?");
    if (!sigv4_presign(presign, secret_access_key, &text, signature)) {
        return NULL;
    }
    buf_add_string(&text, "&X-Amz-Signature=");
    buf_add_string(&text, signature);
    return buf_take(&text);
}

dsql_status token_make(const struct token_request *request,
                       const struct dsql_credentials *credentials, char **token,
                       int64_t *expires_at, dsql_error *err)
{
    struct sigv4_presign presign;
    dsql_status status = check_request(request, credentials, err);
    if (status != DSQL_OK) {
        return status;
    }
    if (!token_presign_init(&presign, request->action, request->now)) {
        return fail(err, DSQL_ERR_TOKEN, "the system clock shows a year that cannot be signed");
    }
    presign.host = request->endpoint->host;
    presign.scope.region = request->endpoint->region;
    presign.access_key_id = secret_string(&credentials->access_key_id);
    if (!secret_is_empty(&credentials->session_token)) {
        presign.session_token = secret_string(&credentials->session_token);
    }
    presign.expires_s = effective_seconds(request, credentials);
    char *made = write_token(&presign, &credentials->secret_access_key);
    if (made == NULL) {
        return fail_signing(credentials, err);
    }
    *token = made;
    if (expires_at != NULL) {
        *expires_at = request->now + presign.expires_s;
    }
    return DSQL_OK;
}

/* settings must be complete.  Any thread may call this: settings do not change any more. */
dsql_status token_for_settings(const struct settings *settings, const struct clock *clock,
                               int64_t deadline_ms, char **token, int64_t *expires_at,
                               dsql_error *err)
{
    struct dsql_credentials credentials = {0};
    dsql_status status =
        credentials_get_until(settings->credentials, clock, deadline_ms, &credentials, err);
    if (status != DSQL_OK) {
        return status;
    }
    const struct token_request request = {
        .endpoint = &settings->endpoint,
        .action = token_action_for_user(settings->user),
        .seconds = settings->token_seconds,
        .now = clock_wall_s(clock), /* after the fetch, which may take its time */
    };
    status = token_make(&request, &credentials, token, expires_at, err);
    credentials_clear(&credentials);
    return status;
}

char *dsql_token(const dsql_options *options, int64_t *expires_at, dsql_error *err)
{
    HOLD_CANCELLATION();
    struct settings settings;
    char *token = NULL;
    if (options == NULL) {
        fail(err, DSQL_ERR_USAGE, "the options are NULL");
        return NULL;
    }
    if (settings_open(options, &settings, err) != DSQL_OK) {
        return NULL;
    }
    if (token_for_settings(&settings, clock_system(), -1, &token, expires_at, err) != DSQL_OK) {
        token = NULL;
    }
    settings_clear(&settings);
    return token;
}

void dsql_token_free(char *token)
{
    secret_free_string(token);
}
