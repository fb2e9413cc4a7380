/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* libpq's options for PrivateLink: each name made of them is an endpoint with a region. */
#include "base/memory.h"
#include "config/privatelink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *input = text_dup(text_of_bytes(data, size));
    struct privatelink link;
    struct text region;
    (void)privatelink_is_host(input);
    if (privatelink_resolve("vpce-1.dsql-fnh4.us-east-1.vpce.amazonaws.com", input, &link, NULL) ==
        DSQL_OK) {
        if (!endpoint_region_of_host(text_of(link.host), &region) ||
            !text_equal_string(region, "us-east-1")) {
            __builtin_trap();
        }
        privatelink_clear(&link);
    }
    return 0;
}
