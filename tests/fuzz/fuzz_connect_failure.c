/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Any error of a server at connect becomes one line, with a valid SQLSTATE or none. */
#include "connect/connect_failure.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dsql_error err = {.status = DSQL_OK};
    struct connect_failure failure = connect_failure_read(text_of_bytes(data, size));
    const struct connect_failure_context context = {
        .host = "h", .user = size % 2 == 0 ? "admin" : "app", .token_seconds = 900};
    size_t state_length = strlen(failure.sqlstate);
    if (connect_failure_to_error(&failure, &context, &err) != DSQL_ERR_CONNECT ||
        err.message[sizeof err.message - 1] != '\0' || strchr(err.message, '\n') != NULL ||
        (state_length != 0 && state_length != 5) ||
        (failure.kind != CONNECT_FAILURE_PERMANENT &&
         (failure.kind == CONNECT_FAILURE_UNREACHABLE) != (state_length == 0))) {
        __builtin_trap();
    }
    return 0;
}
