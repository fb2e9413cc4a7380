/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The program's log function gets one complete line, formatted into a bounded buffer. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

void log_write(const struct logger *logger, dsql_log_level level, const char *format, ...)
{
    if (logger == NULL || logger->write == NULL) {
        return;
    }
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    logger->write(logger->arg, level, line);
}
