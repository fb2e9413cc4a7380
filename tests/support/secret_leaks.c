/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "secret_leaks.h"

#include "unit.h"

#include <string.h>

bool contains_secret(const char *text)
{
    return text != NULL && strstr(text, SECRET_MARK) != NULL;
}

void assert_no_secret(const char *text)
{
    if (contains_secret(text)) {
        fail_msg("contains a secret: %s", text);
    }
}
