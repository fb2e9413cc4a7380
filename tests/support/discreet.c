/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See discreet.h. */
#include "discreet.h"

#include "unit.h"

#include <string.h>

void assert_discreet(const char *text)
{
    if (text != NULL && strstr(text, HUSH) != NULL) {
        fail_msg("a secret was told: %s", text);
    }
}
