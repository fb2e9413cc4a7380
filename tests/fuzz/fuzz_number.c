/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A number that is rewritten consists of digits, a point and an exponent, and is left as it is the
 * second time.
 */
#include "sql/number.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char literal[2 * SQL_NUMBER_MAX];
    if (size > sizeof literal) {
        return 0;
    }
    memcpy(literal, data, size);
    if (!sql_number_rewrite(literal, size)) {
        if (memcmp(literal, data, size) != 0) {
            abort();
        }
        return 0;
    }
    for (size_t i = 0; i < size; i++) {
        if (literal[i] == '\0' || strchr("0123456789.eE+-", literal[i]) == NULL) {
            abort();
        }
    }
    if (sql_number_rewrite(literal, size)) {
        abort();
    }
    return 0;
}
