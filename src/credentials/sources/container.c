/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment of the container names its agent and the authorization token: AWS SDKs
 * and Tools Reference Guide, "Container credential provider".  The token is sent unchanged:
 * the agent of EKS rejects one with "Bearer" before it.
 *
 * The address is checked in container_endpoint.c, and the response is read in agent.c.
 */
#include "credentials/sources/container.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/platform.h"
#include "config/environment.h"
#include "credentials/aws/service.h"
#include "credentials/sources/agent.h"
#include "credentials/sources/container_endpoint.h"
#include "credentials/sources/sources.h"

#include <errno.h>
#include <string.h>

#define RELATIVE_URI "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL_URI     "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define TOKEN_FILE   "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
#define TOKEN        "AWS_CONTAINER_AUTHORIZATION_TOKEN"
#define AGENT        "the container's agent"

enum { MAX_TOKEN = 64 * 1024, CONNECT_TIMEOUT_MS = 2000, TIMEOUT_MS = 5000 };

/* If both variables are set, the relative one counts, as the Guide requires. */
static enum source_result find_endpoint(const struct source_context *context,
                                        struct container_endpoint *out, dsql_error *err)
{
    const char *relative = environment_get(RELATIVE_URI);
    const char *full = environment_get(FULL_URI);
    if (relative == NULL && full == NULL) {
        fail(err, DSQL_ERR_CREDENTIALS, RELATIVE_URI " (or ..._FULL_URI) is not set");
        return SOURCE_NOT_CONFIGURED;
    }
    source_used(context, "the container's credentials endpoint, %s",
                relative != NULL ? RELATIVE_URI : FULL_URI);
    dsql_error reason = {0};
    dsql_status status = relative != NULL
                             ? container_endpoint_relative(relative, out, &reason)
                             : container_endpoint_full(full, context->http, out, &reason);
    return status == DSQL_OK ? SOURCE_GOT : source_failed(err, "%s", reason.message);
}

/* A carriage return alone counts too: some servers end a header line there. */
static bool has_line_break(struct text text)
{
    size_t position = 0;
    return text_find(text, '\n', &position) || text_find(text, '\r', &position);
}

/*
 * A line break would begin another header, whose content a writer of the file could choose.  The
 * messages name the variable and never the token.
 */
static enum source_result check_token(struct text token, const char *variable, dsql_error *err)
{
    if (text_is_empty(token)) {
        return source_failed(err, "the token file that " TOKEN_FILE " names is empty");
    }
    if (token.len > MAX_TOKEN) {
        return source_failed(err, "the token (%s) is longer than %d bytes", variable, MAX_TOKEN);
    }
    if (has_line_break(token)) {
        return source_failed(err, "the token (%s) contains a line break", variable);
    }
    return SOURCE_GOT;
}

/* Trailing blanks, which editors leave, are not part of the token. */
static enum source_result keep_token(struct text token, const char *variable, struct buf *out,
                                     dsql_error *err)
{
    struct text trimmed = text_trim_end(token);
    enum source_result result = check_token(trimmed, variable, err);
    buf_add_text(out, trimmed);
    if (result == SOURCE_GOT && !buf_ok(out)) {
        fail_nomem(err);
        return SOURCE_FAILED;
    }
    return result;
}

/*
 * The file is read for each fetch, because EKS Pod Identity replaces the token while the program
 * runs.
 */
static enum source_result read_token_file(const struct source_context *context, const char *path,
                                          struct buf *out, dsql_error *err)
{
    struct buf content AUTO_BUF;
    buf_init_secret(&content, MAX_TOKEN);
    if (!file_system_read(context->files, path, &content)) {
        fail_read(err, DSQL_ERR_CREDENTIALS, "the token file (" TOKEN_FILE ")", path);
        return SOURCE_FAILED;
    }
    return keep_token(buf_text(&content), TOKEN_FILE, out, err);
}

/*
 * The file takes precedence over the variable, as the Guide requires.  Without either no token is
 * sent: the agent of ECS needs none.
 */
static enum source_result find_token(const struct source_context *context, struct buf *out,
                                     dsql_error *err)
{
    const char *path = environment_get(TOKEN_FILE);
    const char *token = environment_get(TOKEN);
    if (path != NULL) {
        return read_token_file(context, path, out, err);
    }
    return token == NULL ? SOURCE_GOT : keep_token(text_of(token), TOKEN, out, err);
}

/* An error response may quote the token, so at most its code is shown. */
static enum source_result read_answer(const struct http_response *response, struct text token,
                                      struct dsql_credentials *out, dsql_error *err)
{
    char code[AGENT_CODE_SIZE];
    if (response->status == HTTP_OK) {
        return agent_read_credentials(buf_text(&response->body), token, AGENT, out, err);
    }
    agent_error_code(buf_text(&response->body), token, code);
    return source_failed(err, AGENT " returned status %d%s%s", response->status,
                         code[0] == '\0' ? "" : ": ", code);
}

/*
 * The request goes to the pinned addresses, if there are any, and not to what the name resolves
 * to by now (see container_endpoint.h).
 */
static enum source_result fetch_from_agent(const struct source_context *context,
                                           const struct container_endpoint *endpoint,
                                           const struct buf *token, const char *ca_file,
                                           struct dsql_credentials *out, dsql_error *err)
{
    const struct http_header headers[] = {
        {"accept", "application/json"},
        {"authorization", token->data},
    };
    const struct http_request request = {
        .method = "GET",
        .url = endpoint->url,
        .reach = HTTP_LOCAL,
        .headers = headers,
        .header_count = token->len == 0 ? 1 : 2,
        .address = endpoint->pinned[0] == '\0' ? NULL : endpoint->pinned,
        .ca_file = ca_file,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .timeout_ms = TIMEOUT_MS,
    };
    struct http_retry retry = http_retry_standard(context->clock, context->random);
    struct http_response response AUTO_HTTP_RESPONSE;
    dsql_error reason = {0};
    http_response_init(&response);
    retry.is_transient = agent_is_transient;
    dsql_status status = http_send_retrying(context->http, &request, &retry, &response, &reason);
    return status == DSQL_OK ? read_answer(&response, buf_text(token), out, err)
                             : agent_unreachable(status, AGENT, &reason, err);
}

/* No profile is asked: the agent is set up by the environment alone. */
static enum source_result find_ca_file(char **out, dsql_error *err)
{
    return service_ca_file(NULL, out, err) == DSQL_OK ? SOURCE_GOT : SOURCE_FAILED;
}

/*
 * Once an endpoint is configured, every failure is SOURCE_FAILED: going on to the role of the
 * instance would be a change of identity.
 */
enum source_result container_fetch(const struct source_context *context,
                                   struct dsql_credentials *out, dsql_error *err)
{
    struct container_endpoint endpoint;
    struct buf token AUTO_BUF;
    AUTO_FREE char *ca_file = NULL;
    buf_init_secret(&token, MAX_TOKEN);
    enum source_result result = find_endpoint(context, &endpoint, err);
    if (result == SOURCE_GOT) {
        result = find_token(context, &token, err);
    }
    if (result == SOURCE_GOT) {
        result = find_ca_file(&ca_file, err);
    }
    return result == SOURCE_GOT ? fetch_from_agent(context, &endpoint, &token, ca_file, out, err)
                                : result;
}

const struct credentials_source credentials_source_container = {
    .name = "container",
    .fetch = container_fetch,
};
