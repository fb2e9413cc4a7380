/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks AWS STS for nothing but its Date header.  The global endpoint is used because it exists
 * for every account and needs no credentials: HEAD of its root is answered without a signature.
 * The answer may be a redirect or an error; only the header counts.
 */
#include "cli/clock_skew.h"

#include "base/error.h"
#include "http/date.h"
#include "http/http.h"

enum { TIMEOUT_MS = 3000 };

/*
 * The header has whole seconds and the answer takes time to arrive, so the result is exact to a
 * second or two.  The caller's tolerance of a minute makes that enough.
 */
dsql_status clock_skew_measure(int64_t *ahead_s, dsql_error *err)
{
    const struct http_request request = {
        .method = "HEAD",
        .url = "https://sts.amazonaws.com/",
        .reach = HTTP_PUBLIC,
        .connect_timeout_ms = TIMEOUT_MS,
        .timeout_ms = TIMEOUT_MS,
    };
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    dsql_status status = http_send(http_system(), &request, &response, err);
    int64_t theirs = 0;
    if (status == DSQL_OK && !http_date_parse(text_of(response.date), &theirs)) {
        status = fail(err, DSQL_ERR_CONNECT, "sts.amazonaws.com sent no valid Date header");
    }
    if (status == DSQL_OK) {
        *ahead_s = clock_wall_s(clock_system()) - theirs;
    }
    return status;
}
