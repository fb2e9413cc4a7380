/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What is the same for every sender: the checks before a request, and the fields of a response
 * that are kept.
 */
#include "http/http.h"

#include "base/text.h"
#include "http/check.h"

void http_response_init(struct http_response *response)
{
    *response = (struct http_response){0};
    buf_init_secret(&response->body, HTTP_MAX_BODY);
}

void http_response_clear(struct http_response *response)
{
    buf_clear(&response->body);
    http_response_init(response);
}

void http_response_clear_at(struct http_response *response)
{
    http_response_clear(response);
}

/* A value that does not fit counts as missing. */
void http_response_field(struct http_response *response, struct text name, struct text value)
{
    const struct {
        const char *name;
        char *place;
        size_t size;
    } fields[] = {
        {"date", response->date, sizeof response->date},
        {"retry-after", response->retry_after, sizeof response->retry_after},
        {"x-aws-ec2-metadata-token-ttl-seconds", response->imds_token_ttl,
         sizeof response->imds_token_ttl},
        {"x-amzn-errortype", response->error_type, sizeof response->error_type},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (text_equal_nocase(name, text_of(fields[i].name))) {
            (void)text_copy(text_trim(value), fields[i].place, fields[i].size);
        }
    }
}

/* The response is emptied first, so that a retry does not see the one before. */
dsql_status http_send(const struct http *http, const struct http_request *request,
                      struct http_response *response, dsql_error *err)
{
    dsql_status status = http_check(request, err);
    http_response_clear(response);
    return status == DSQL_OK ? http->send(http->arg, request, response, err) : status;
}

dsql_status http_resolve(const struct http *http, const char *host, struct http_addresses *out,
                         dsql_error *err)
{
    *out = (struct http_addresses){0};
    return http->resolve(http->arg, host, out, err);
}
