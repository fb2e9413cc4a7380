/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* An HTTP date that is accepted is written again with the same digits. */
#include "base/clock.h"
#include "http/date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t unix_s = -1;
    char basic[CLOCK_BASIC_SIZE];
    struct text text = text_of_bytes(data, size);
    if (!http_date_parse(text, &unix_s)) {
        return 0;
    }
    if (!clock_format_basic(unix_s, basic) ||
        !text_equal(text_slice(text, 12, 4), text_slice(text_of(basic), 0, 4)) ||
        !text_equal(text_slice(text, 5, 2), text_slice(text_of(basic), 6, 2)) ||
        !text_equal(text_slice(text, 23, 2), text_slice(text_of(basic), 13, 2))) {
        __builtin_trap();
    }
    return 0;
}
