/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A service endpoint from the environment or a profile: one that is accepted names one host. */
#include "credentials/aws/service.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct service_endpoint endpoint;
    struct service_endpoint again;
    if (!service_parse_url(text_of_bytes(data, size), &endpoint)) {
        return 0;
    }
    if (strpbrk(endpoint.host, "/?#@\\ \r\n") != NULL ||
        !text_ends_with(text_of(endpoint.url), endpoint.host) ||
        !service_parse_url(text_of(endpoint.url), &again) || again.reach != endpoint.reach ||
        !text_equal_string(text_of(endpoint.url), again.url)) {
        __builtin_trap();
    }
    return 0;
}
