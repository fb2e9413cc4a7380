/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The log of `dsql proxy`: lines on standard error, as text or as JSON objects. */
#ifndef DSQL_CLI_PROXY_LOG_H
#define DSQL_CLI_PROXY_LOG_H

#include "base/buf.h"

#include <dsql.h>

#include <stdbool.h>
#include <stdint.h>

enum { PROXY_LOG_LINE_MAX = 8192 };

/** Appends one line with its line break.  Bytes that are not UTF-8 become '?' in JSON. */
void proxy_log_line(struct buf *out, bool is_json, int64_t wall_s, dsql_log_level level,
                    const char *message);

/**
 * A dsql_log_fn that writes the line to standard error, whole, from any thread; arg points to a
 * bool: JSON.  Messages for debugging are left out.
 */
void proxy_log_write(void *arg, dsql_log_level level, const char *message);

#endif
