/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Both ways to split a stream into messages find the same ends. */
#include "wire/message.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text bytes = text_of_bytes(data, size);
    struct frame frame;
    while (frame_next(bytes, FRAME_CLIENT_MAX, &frame) == FRAME_COMPLETE) {
        struct frame_scan scan;
        frame_scan_init(&scan, FRAME_CLIENT_MAX);
        if (!frame_scan(&scan, text_slice(bytes, 0, frame.size)) || !frame_scan_is_between(&scan)) {
            abort();
        }
        bytes = text_slice(bytes, frame.size, bytes.len);
    }
    return 0;
}
