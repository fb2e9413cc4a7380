/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Within single quotes a POSIX shell treats every byte as itself, except the quote (Shell Command
 * Language, 2.2.2).  A quote is written as: end the string, an escaped quote, begin again.
 */
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
