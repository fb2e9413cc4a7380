/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A connection string: each keyword and value in the result is a string. */
#include "config/conninfo.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pair_list list AUTO_PAIRS = {0};
    dsql_error err = {0};
    dsql_status status = conninfo_parse(text_of_bytes(data, size), &list, &err);
    if ((status == DSQL_OK) != (err.message[0] == '\0')) {
        __builtin_trap();
    }
    return 0;
}
