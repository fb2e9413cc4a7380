/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The startup message: one that is accepted can be written, and is read as the same again. */
#include "wire/startup.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct startup startup;
    if (startup_parse(text_of_bytes(data, size), &startup) != STARTUP_COMPLETE ||
        startup.kind != STARTUP_SESSION) {
        return 0;
    }
    struct buf again AUTO_BUF;
    buf_init(&again, STARTUP_MAX_SIZE);
    startup_begin(&again);
    for (size_t i = 0; i < startup.parameter_count; i++) {
        startup_add(&again, startup.parameters[i].name, startup.parameters[i].value);
    }
    startup_end(&again);
    struct startup second;
    if (startup_parse(buf_text(&again), &second) != STARTUP_COMPLETE ||
        second.parameter_count != startup.parameter_count) {
        abort();
    }
    return 0;
}
