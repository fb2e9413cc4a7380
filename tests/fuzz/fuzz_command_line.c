/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A credential_process command: its words together are never longer than the command. */
#include "base/command_line.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct command_line line;
    size_t total = 0;
    if (command_line_split(text_of_bytes(data, size), &line) != NULL) {
        return 0;
    }
    for (size_t i = 0; i < line.count; i++) {
        total += strlen(line.words[i]);
    }
    if (line.count == 0 || line.words[line.count] != NULL || total > size) {
        __builtin_trap();
    }
    command_line_clear(&line);
    return 0;
}
