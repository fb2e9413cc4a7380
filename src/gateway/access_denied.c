/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Aurora DSQL puts the reason into the hint; the message is always the same. */
#include "gateway/access_denied.h"

#include <stdarg.h>

bool access_denied(struct fatal_error *error, const char *format, ...)
{
    fatal_error_set(error, "08006", "unable to accept connection, access denied");
    va_list arguments;
    va_start(arguments, format);
    fatal_error_set_hint(error, format, arguments);
    va_end(arguments);
    return false;
}
