/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A note that is accepted is one that could have been written. */
#include "local/postgres_found.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct postgres_found found;
    if (postgres_found_parse(text_of_bytes(data, size), &found) &&
        (found.major < POSTGRES_OLDEST || found.bindir[0] != '/' ||
         strchr(found.bindir, '\n') != NULL || strchr(found.pg_config, '\n') != NULL)) {
        __builtin_trap();
    }
    return 0;
}
