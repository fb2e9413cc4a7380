/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The session token is requested with PUT, which a server that only forwards GETs cannot
 * send, and its header limits the hops of the response.  See "Use IMDSv2" in the Amazon
 * EC2 User Guide.
 */
#include "credentials/sources/imds_session.h"

#include "base/error.h"
#include "credentials/sources/agent.h"

#define IMDS      "the instance metadata service"
#define TOKEN_TTL "21600"

enum {
    MAX_TTL_S = 21600,
    EARLY_S = 120, /* the token is renewed this long before it expires, or at half its life */
    MAX_URL = 2048,
    MAX_TOKEN = 1024
};

void imds_session_clear(struct imds_session *session)
{
    secret_clear(&session->token);
    *session = (struct imds_session){0};
}

/*
 * Both time limits are set: if the hop limit of the response is 1, packets are lost without an
 * error, and a program in a container must not wait for them.
 */
static dsql_status send(const struct source_context *context, const struct imds_settings *settings,
                        struct http_request *request, const char *path,
                        const struct http_retry *retry, struct http_response *response,
                        dsql_error *err)
{
    struct buf url AUTO_BUF;
    buf_init(&url, MAX_URL);
    buf_printf(&url, "%s%s", settings->url, path);
    if (!buf_ok(&url)) {
        return fail_nomem(err);
    }
    request->url = url.data;
    request->reach = HTTP_LOCAL;
    request->connect_timeout_ms = settings->timeout_ms;
    request->timeout_ms = settings->timeout_ms;
    return http_send_retrying(context->http, request, retry, response, err);
}

/* The standard policy, except for the number of attempts that the user may configure. */
static struct http_retry policy(const struct source_context *context,
                                const struct imds_settings *settings)
{
    struct http_retry retry = http_retry_standard(context->clock, context->random);
    retry.max_attempts = settings->attempts;
    return retry;
}

/* ---- The token ---- */

/*
 * The service answers 403 if it is switched off, and a server that is not the metadata service
 * answers 404 or the like.  Only 400 and server errors are failures of the service.
 */
static enum source_result no_token(int status, dsql_error *err)
{
    if (status == HTTP_BAD_REQUEST || status >= HTTP_SERVER_ERROR) {
        return source_failed(err, IMDS " returned no session token: status %d", status);
    }
    fail(err, DSQL_ERR_CREDENTIALS, IMDS " is %s (status %d)",
         status == HTTP_FORBIDDEN ? "disabled" : "not available", status);
    return SOURCE_NOT_CONFIGURED;
}

/* The token is sent back in a header, so it must be printable and without blanks. */
static bool is_token(struct text token)
{
    for (size_t i = 0; i < token.len; i++) {
        if (token.data[i] <= ' ' || token.data[i] > '~') {
            return false;
        }
    }
    return !text_is_empty(token) && token.len <= MAX_TOKEN;
}

/*
 * A service that does not name a lifetime grants the one that was requested.  A short lifetime is
 * halved, since EARLY_S may be more than all of it.
 */
static int64_t usable_ms(const struct http_response *response)
{
    int64_t ttl_s = MAX_TTL_S;
    (void)text_to_int64(text_of(response->imds_token_ttl), 0, MAX_TTL_S, &ttl_s);
    return (ttl_s > (int64_t)EARLY_S * 2 ? ttl_s - EARLY_S : ttl_s / 2) * 1000;
}

/* The URL is kept with the token: a token must never be sent to another endpoint. */
static enum source_result keep_token(struct imds_session *session,
                                     const struct source_context *context,
                                     const struct imds_settings *settings,
                                     const struct http_response *response, dsql_error *err)
{
    struct text token = text_trim(buf_text(&response->body));
    if (response->status != HTTP_OK) {
        return no_token(response->status, err);
    }
    if (!is_token(token)) {
        return source_failed(err, IMDS " returned an invalid session token");
    }
    if (!secret_set(&session->token, token.data, token.len)) {
        fail_nomem(err);
        return SOURCE_FAILED;
    }
    (void)text_copy(text_of(settings->url), session->url, sizeof session->url);
    session->until_ms = clock_monotonic_ms(context->clock) + usable_ms(response);
    return SOURCE_GOT;
}

/*
 * No response: this is not an instance, or its hop limit is too low for a container.  That is not
 * an error of the chain, because most machines are not instances.
 */
static enum source_result fail_unanswered(dsql_status status, const struct imds_settings *settings,
                                          const dsql_error *reason, dsql_error *err)
{
    if (status == DSQL_ERR_CONNECT || status == DSQL_ERR_TIMEOUT) {
        fail(err, DSQL_ERR_CREDENTIALS, "there is no instance metadata service at %s",
             settings->url);
        return SOURCE_NOT_CONFIGURED;
    }
    return agent_unreachable(status, IMDS, reason, err);
}

/* The old token is forgotten first, so that a failure never leaves one that is half renewed. */
static enum source_result fetch_token(struct imds_session *session,
                                      const struct source_context *context,
                                      const struct imds_settings *settings, dsql_error *err)
{
    const struct http_header ttl = {"x-aws-ec2-metadata-token-ttl-seconds", TOKEN_TTL};
    struct http_request request = {.method = "PUT", .headers = &ttl, .header_count = 1};
    struct http_retry retry = policy(context, settings);
    struct http_response response AUTO_HTTP_RESPONSE;
    dsql_error reason = {0};
    http_response_init(&response);
    retry.is_no_response_final = !settings->retries_unanswered;
    imds_session_clear(session);
    dsql_status status =
        send(context, settings, &request, "/latest/api/token", &retry, &response, &reason);
    return status == DSQL_OK ? keep_token(session, context, settings, &response, err)
                             : fail_unanswered(status, settings, &reason, err);
}

/* By the monotonic clock, so a changed wall clock does not keep an old token. */
static bool has_token(const struct imds_session *session, const struct source_context *context,
                      const struct imds_settings *settings)
{
    return !secret_is_empty(&session->token) &&
           text_equal_string(text_of(session->url), settings->url) &&
           clock_monotonic_ms(context->clock) < session->until_ms;
}

/* ---- Answers ---- */

/* Once a token was issued, a missing response is a failure: the service exists. */
static enum source_result get_once(struct imds_session *session,
                                   const struct source_context *context,
                                   const struct imds_settings *settings, const char *path,
                                   const struct http_retry *retry, struct http_response *response,
                                   dsql_error *err)
{
    if (!has_token(session, context, settings)) {
        enum source_result result = fetch_token(session, context, settings, err);
        if (result != SOURCE_GOT) {
            return result;
        }
    }
    const struct http_header token = {"x-aws-ec2-metadata-token", secret_string(&session->token)};
    struct http_request request = {.method = "GET", .headers = &token, .header_count = 1};
    dsql_error reason = {0};
    dsql_status status = send(context, settings, &request, path, retry, response, &reason);
    return status == DSQL_OK ? SOURCE_GOT : agent_unreachable(status, IMDS, &reason, err);
}

/* One renewal only, so that a service that rejects every token cannot cause a loop. */
enum source_result imds_session_get(struct imds_session *session,
                                    const struct source_context *context,
                                    const struct imds_settings *settings, const char *path,
                                    bool (*is_transient)(const struct http_response *response),
                                    struct http_response *response, dsql_error *err)
{
    struct http_retry retry = policy(context, settings);
    retry.is_transient = is_transient;
    enum source_result result = get_once(session, context, settings, path, &retry, response, err);
    if (result != SOURCE_GOT || response->status != HTTP_UNAUTHORIZED) {
        return result;
    }
    imds_session_clear(session); /* the instance was stopped meanwhile, and forgot it */
    result = get_once(session, context, settings, path, &retry, response, err);
    if (result == SOURCE_GOT && response->status == HTTP_UNAUTHORIZED) {
        return source_failed(err, IMDS " rejected its own session token");
    }
    return result;
}
