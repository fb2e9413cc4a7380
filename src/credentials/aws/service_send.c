/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON requests to the services that are not STS.  Responses are parsed under a size limit,
 * and an error is reduced to its code before it can reach a message.
 */
#include "credentials/aws/service_send.h"

#include "base/error.h"
#include "base/memory.h"

/* Milliseconds for one attempt; bytes; one header is kept for the content type. */
enum { CONNECT_TIMEOUT_MS = 5000, TIMEOUT_MS = 15000, MAX_URL_SIZE = 4096, MAX_HEADERS = 4 };

/* url, body and ca_file belong to service_send(), which keeps them until the response is there. */
static dsql_status send_url(const struct source_context *context, const struct service_call *call,
                            const struct http_retry *retry, const char *url, struct text body,
                            const char *ca_file, struct http_response *response, dsql_error *err)
{
    struct http_header headers[MAX_HEADERS];
    size_t count = 0;
    while (count < call->header_count && count < MAX_HEADERS - 1) {
        headers[count] = call->headers[count];
        count++;
    }
    if (!text_is_empty(body)) {
        headers[count++] = (struct http_header){"content-type", "application/json"};
    }
    const struct http_request request = {
        .method = call->method,
        .url = url,
        .reach = call->endpoint->reach,
        .headers = headers,
        .header_count = count,
        .body = body,
        .ca_file = ca_file,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .timeout_ms = TIMEOUT_MS,
    };
    return http_send_retrying(context->http, &request, retry, response, err);
}

/* The body may contain a refresh token, so its buffer is wiped. */
dsql_status service_send(const struct source_context *context, const struct profile *profile,
                         const struct service_call *call, struct http_response *response,
                         dsql_error *err)
{
    struct buf url AUTO_BUF;
    struct buf body AUTO_BUF;
    buf_init(&url, MAX_URL_SIZE);
    buf_init_secret(&body, JSON_MAX_SIZE);
    buf_add_string(&url, call->endpoint->url);
    buf_add_string(&url, call->path);
    if (!buf_ok(&url) || (call->body != NULL && !json_write(call->body, &body))) {
        return fail_nomem(err);
    }
    struct http_retry retry;
    AUTO_FREE char *ca_file = NULL;
    dsql_status status = service_ca_file(profile, &ca_file, err);
    if (status == DSQL_OK) {
        status = service_retry(context, profile, &retry, err);
    }
    if (status != DSQL_OK) {
        return status;
    }
    service_warn(context, call->endpoint);
    if (call->max_attempts > 0) {
        retry.max_attempts = call->max_attempts;
    }
    return send_url(context, call, &retry, url.data, buf_text(&body), ca_file, response, err);
}

/* Error codes of OAuth ("invalid_grant") contain underscores. */
static bool is_word(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!char_is_alnum(text.data[i]) && text.data[i] != '_') {
            return false;
        }
    }
    return text.len > 0;
}

/* The header of AWS may continue after a colon with a URL, which is dropped. */
void service_error_code(const struct http_response *response, char code[SERVICE_CODE_SIZE])
{
    struct text name;
    struct text rest;
    struct json *json AUTO_JSON = json_parse(buf_text(&response->body));
    const char *error = json == NULL ? NULL : json_get_string(json, "error");
    if (error == NULL) { /* "Name:http://..." */
        error = response->error_type;
    }
    text_cut(text_of(error), ':', &name, &rest);
    code[0] = '\0';
    if (is_word(name)) {
        text_copy(name, code, SERVICE_CODE_SIZE); /* "" when it is too long */
    }
}
