/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A message may be a server's, and so may contain any bytes. */
#include "base/message_code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *code = message_code(text_of_bytes(data, size));
    if (code[0] != '\0' && !text_starts_with(text_of(code), "DSQL-")) {
        __builtin_trap();
    }
    return 0;
}
