/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A URL from the environment.  No other parser may find a different host in one that is accepted;
 * curl's parser is the reference.
 */
#include "base/memory.h"
#include "http/url.h"

#include <curl/curl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct text without_brackets(struct text host)
{
    return text_starts_with(host, "[") ? text_slice(host, 1, host.len - 2) : host;
}

static void compare_with_curl(const char *string, const struct url *url)
{
    CURLU *handle = curl_url();
    char *host = NULL;
    if (handle == NULL) {
        return;
    }
    if (curl_url_set(handle, CURLUPART_URL, string, 0) == CURLUE_OK &&
        curl_url_get(handle, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        bool is_same = text_equal_nocase(without_brackets(text_of(host)), url->host);
        bool is_ipv6 = text_contains(url->host, ":"); /* may be written shorter */
        if (!is_same && !is_ipv6) {
            __builtin_trap();
        }
    }
    curl_free(host);
    curl_url_cleanup(handle);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct url url;
    struct text text = text_of_bytes(data, size);
    if (!url_parse(text, &url)) {
        return 0;
    }
    AUTO_FREE char *string = text_dup(text);
    if (string != NULL) {
        compare_with_curl(string, &url);
    }
    return 0;
}
