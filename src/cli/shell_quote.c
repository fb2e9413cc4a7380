/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "cli/shell_quote.h"

#include <stdio.h>

void print_shell_quoted(const char *value)
{
    putchar('\'');
    for (const char *c = value; *c != '\0'; c++) {
        if (*c == '\'') {
            fputs("'\\''", stdout);
        } else {
            putchar(*c);
        }
    }
    putchar('\'');
}
