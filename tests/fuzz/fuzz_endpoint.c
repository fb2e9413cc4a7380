/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Every host that is accepted may be put into a signed URL, and is accepted again unchanged. */
#include "base/memory.h"
#include "config/endpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct endpoint *endpoint)
{
    struct endpoint again;
    if (!endpoint_is_region(text_of(endpoint->region)) ||
        endpoint_resolve(endpoint->host, endpoint->region, &again, NULL) != DSQL_OK ||
        !text_equal_string(text_of(again.host), endpoint->host)) {
        __builtin_trap();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *host = text_dup(text_of_bytes(data, size));
    struct text region;
    struct endpoint endpoint;
    (void)endpoint_region_of_host(text_of_bytes(data, size), &region);
    if (endpoint_resolve(host, "us-east-1", &endpoint, NULL) == DSQL_OK) {
        check(&endpoint);
    }
    if (endpoint_resolve("localhost", host, &endpoint, NULL) == DSQL_OK &&
        endpoint.region[0] != '\0') {
        check(&endpoint);
    }
    if (endpoint_resolve("abcdefghijklmnopqrstuvwxyz", NULL, &endpoint, NULL) == DSQL_OK &&
        endpoint_complete(&endpoint, text_of_bytes(data, size), "the fuzzer", NULL) == DSQL_OK) {
        check(&endpoint);
    }
    return 0;
}
