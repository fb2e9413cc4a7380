/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The output of a credential_process: credentials that are accepted are usable. */
#include "credentials/sources/process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dsql_credentials got = {0};
    enum source_result result =
        process_parse(text_of_bytes(data, size), "fuzz", clock_system(), &got, NULL);
    if (result == SOURCE_NOT_CONFIGURED ||
        (result == SOURCE_GOT) == secret_is_empty(&got.secret_access_key)) {
        __builtin_trap();
    }
    credentials_clear(&got);
    return 0;
}
