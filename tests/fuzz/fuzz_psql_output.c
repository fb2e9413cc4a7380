/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* What psql has written about an init script: one line of it becomes part of an error. */
#include "local/init_scripts.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char line[64];
    init_scripts_find_error(text_of_bytes(data, size), line, sizeof line);
    if (memchr(line, '\0', sizeof line) == NULL || strchr(line, '\n') != NULL) {
        __builtin_trap();
    }
    return 0;
}
