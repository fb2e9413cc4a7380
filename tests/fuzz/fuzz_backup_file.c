/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The container of `dsql local dump`: nothing but a whole one is accepted. */
#include "local/backup_file.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned char copy[1 << 16];
    struct buf contents AUTO_BUF;
    buf_init(&contents, 1 << 16);
    if (size == 0 || size > sizeof copy) {
        return 0;
    }
    memcpy(copy, data, size);
    FILE *in = fmemopen(copy, size, "r");
    FILE *archive = fopen("/dev/null", "w");
    if (in != NULL && archive != NULL) {
        dsql_status status = backup_file_read(in, "fuzz", &contents, archive, NULL);
        /* A container has a first line, three chunks and a checksum. */
        if (status == DSQL_OK && (size < 65 || contents.len == 0)) {
            __builtin_trap();
        }
    }
    if (in != NULL) {
        fclose(in);
    }
    if (archive != NULL) {
        fclose(archive);
    }
    return 0;
}
