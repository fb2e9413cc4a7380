/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* HTTP headers and a body as libcurl passes them: what is kept stays within its limits. */
#include "http/answer.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_terminated(const char *field, size_t size)
{
    return memchr(field, '\0', size) != NULL;
}

static void check(const struct answer *answer)
{
    const struct http_response *response = answer->response;
    if (answer->header_lines > ANSWER_MAX_HEADER_LINES + 1 || response->body.len > HTTP_MAX_BODY ||
        !is_terminated(response->date, sizeof response->date) ||
        !is_terminated(response->retry_after, sizeof response->retry_after) ||
        !is_terminated(response->imds_token_ttl, sizeof response->imds_token_ttl) ||
        !is_terminated(response->error_type, sizeof response->error_type)) {
        __builtin_trap();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct answer answer;
    struct text rest = text_of_bytes(data, size);
    struct text line;
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    answer_init(&answer, &response);
    while (!answer.has_headers && text_next_line(&rest, &line)) {
        if (!answer_header(&answer, line)) {
            break;
        }
    }
    while (!answer.is_too_big && !text_is_empty(rest)) {
        if (!answer_body(&answer, text_slice(rest, 0, 1000))) {
            break;
        }
        rest = text_slice(rest, 1000, rest.len);
    }
    check(&answer);
    return 0;
}
