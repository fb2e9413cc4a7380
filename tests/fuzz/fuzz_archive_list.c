/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The list of `pg_restore -l`: only ids come out of it. */
#include "local/archive_list.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf ids AUTO_BUF;
    buf_init(&ids, 1 << 16);
    if (archive_list_select(text_of_bytes(data, size), &ids) && ids.len > 0 &&
        strspn(ids.data, "0123456789;\n") != ids.len) {
        __builtin_trap();
    }
    return 0;
}
