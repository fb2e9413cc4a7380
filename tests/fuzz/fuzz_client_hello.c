/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The first bytes of TLS: a hello that needs more bytes than came does not become complete with
 * fewer, and one that is complete stays so when more follow.
 */
#include "net/client_hello.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum client_hello_result before = CLIENT_HELLO_NEEDS_MORE;
    size_t step = size / 64 + 1;
    for (size_t len = 0; len <= size && len <= CLIENT_HELLO_BYTES_MAX; len += step) {
        enum client_hello_result now = client_hello_check(text_of_bytes(data, len));
        if (before != CLIENT_HELLO_NEEDS_MORE && now != before) {
            abort();
        }
        before = now;
    }
    return 0;
}
