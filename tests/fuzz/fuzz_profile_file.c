/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The config and credentials files: lookups in the result are safe. */
#include "config/profile_file.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_up(struct profile_set *set)
{
    if (set == NULL) {
        return;
    }
    const char *region = profile_set_get(set, PROFILE_SECTION_PROFILE, "default", "region");
    (void)profile_set_get_nested(set, PROFILE_SECTION_SERVICES, "dev", "sts", "endpoint_url");
    if (region != NULL && !profile_set_has(set, PROFILE_SECTION_PROFILE, "default")) {
        __builtin_trap();
    }
    profile_set_free(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text text = text_of_bytes(data, size);
    look_up(profile_set_parse(text, text_of(""), NULL));
    look_up(profile_set_parse(text_of(""), text, NULL));
    look_up(profile_set_parse(text, text, NULL));
    return 0;
}
