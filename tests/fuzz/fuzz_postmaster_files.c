/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A log has texts of clients in it.  What is quoted from it is one line of printable text. */
#include "local/postmaster_files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text content = text_of_bytes(data, size);
    char words[POSTMASTER_COMPLAINT_SIZE];
    postmaster_log_find_complaint(content, words);
    for (const char *c = words; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~') {
            __builtin_trap();
        }
    }
    struct postmaster_pid file = postmaster_pid_parse(content);
    if (file.pid < 0 || file.pid == 1) {
        __builtin_trap();
    }
    return 0;
}
