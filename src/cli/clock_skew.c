/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See clock_skew.h. */
#include "cli/clock_skew.h"

#include "base/error.h"
#include "http/http.h"

#include <string.h>
#include <time.h>

enum { TIMEOUT_MS = 3000 };

/* "Tue, 24 Nov 2026 11:36:17 GMT" (RFC 9110, 5.6.7); the names of days say nothing. */
static bool parse_date(const char *text, int64_t *unix_s)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char month[4] = "";
    struct tm parts = {0};
    int year = 0;
    if (sscanf(text, "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &parts.tm_mday, month, &year,
               &parts.tm_hour, &parts.tm_min, &parts.tm_sec) != 6) {
        return false;
    }
    const char *at = strstr(months, month);
    if (strlen(month) != 3 || at == NULL || (at - months) % 3 != 0) {
        return false;
    }
    parts.tm_mon = (int)(at - months) / 3;
    parts.tm_year = year - 1900;
    *unix_s = (int64_t)timegm(&parts);
    return true;
}

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
    if (status == DSQL_OK && !parse_date(response.date, &theirs)) {
        status = fail(err, DSQL_ERR_CONNECT, "sts.amazonaws.com does not tell the time");
    }
    if (status == DSQL_OK) {
        *ahead_s = clock_wall_s(clock_system()) - theirs;
    }
    return status;
}
