/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A password that was prepared is not changed by preparing it again, and never longer than is said.
 */
#include "session/saslprep.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MAX = 1024 };
    struct buf once AUTO_BUF;
    struct buf twice AUTO_BUF;
    size = size < MAX ? size : MAX;
    buf_init_secret(&once, size * SASLPREP_EXPANSION_MAX + 1);
    buf_init_secret(&twice, size * SASLPREP_EXPANSION_MAX + 1);
    saslprep(text_of_bytes(data, size), &once);
    saslprep(buf_text(&once), &twice);
    if (!buf_ok(&once) || !buf_ok(&twice) || !text_equal(buf_text(&once), buf_text(&twice))) {
        abort();
    }
    return 0;
}
