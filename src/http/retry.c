/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Repeats a request after a wait.  The wait has full jitter, which means anything between zero
 * and a limit that doubles: many tasks that fail together must not come back together.
 */
#include "base/clock.h"
#include "http/http.h"

enum { STANDARD_ATTEMPTS = 3, STANDARD_BASE_MS = 100, STANDARD_MAX_MS = 20000 };

struct http_retry http_retry_standard(const struct clock *clock, const struct random_source *random)
{
    return (struct http_retry){
        .clock = clock,
        .random = random,
        .max_attempts = STANDARD_ATTEMPTS,
        .base_ms = STANDARD_BASE_MS,
        .max_ms = STANDARD_MAX_MS,
    };
}

/*
 * Only a missing response, a server error, throttling, and what the caller calls transient are
 * repeated.  A request that is not allowed stays so.
 */
static bool is_final(const struct http_retry *retry, dsql_status status,
                     const struct http_response *response)
{
    if (status != DSQL_OK) {
        return retry->is_no_response_final ||
               (status != DSQL_ERR_CONNECT && status != DSQL_ERR_TIMEOUT);
    }
    if (response->status >= HTTP_SERVER_ERROR || response->status == HTTP_TOO_MANY_REQUESTS) {
        return false;
    }
    return retry->is_transient == NULL || !retry->is_transient(response);
}

/* base * 2^retries, at most the maximum.  The loop ends before the product can overflow. */
static int64_t longest_wait_ms(const struct http_retry *retry, int retries)
{
    int64_t ms = retry->base_ms;
    for (int i = 0; i < retries && ms < retry->max_ms; i++) {
        ms *= 2;
    }
    return ms < retry->max_ms ? ms : retry->max_ms;
}

/* Retry-After in seconds is honoured, up to the same maximum; a date is ignored. */
static int64_t wait_ms(const struct http_retry *retry, int retries,
                       const struct http_response *response)
{
    int64_t requested_s = 0;
    int64_t ms = random_up_to(retry->random, longest_wait_ms(retry, retries));
    if (text_to_int64(text_of(response->retry_after), 0, retry->max_ms / 1000, &requested_s) &&
        requested_s * 1000 > ms) {
        ms = requested_s * 1000;
    }
    return ms;
}

/* The outcome of the last attempt is returned, also if it is an error response. */
dsql_status http_send_retrying(const struct http *http, const struct http_request *request,
                               const struct http_retry *retry, struct http_response *response,
                               dsql_error *err)
{
    int attempts = 1;
    dsql_status status = http_send(http, request, response, err);
    while (attempts < retry->max_attempts && !is_final(retry, status, response)) {
        clock_sleep_ms(retry->clock, wait_ms(retry, attempts - 1, response));
        status = http_send(http, request, response, err);
        attempts++;
    }
    return status;
}
