/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See discreet.h. */
#include "secret_leaks.h"

#include "unit.h"

#include <string.h>

bool tells_secret(const char *text)
{
    return text != NULL && strstr(text, HUSH) != NULL;
}

void assert_discreet(const char *text)
{
    if (tells_secret(text)) {
        fail_msg("a secret was told: %s", text);
    }
}
