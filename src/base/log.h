/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Log lines for the log function of the program, which decides what happens to them. */
#ifndef DSQL_BASE_LOG_H
#define DSQL_BASE_LOG_H

#include <dsql.h>

struct logger {
    dsql_log_fn write; /* NULL: nothing is logged */
    void *arg;
};

/** One line, at most a kilobyte.  Never pass a secret.  logger may be NULL. */
void log_write(const struct logger *logger, dsql_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
