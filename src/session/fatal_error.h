/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The error that ends a connection: severity FATAL, with a SQLSTATE, a message and a hint. */
#ifndef DSQL_SESSION_FATAL_ERROR_H
#define DSQL_SESSION_FATAL_ERROR_H

#include "base/buf.h"

#include <stdarg.h>

enum { FATAL_ERROR_MESSAGE_SIZE = 256, FATAL_ERROR_HINT_SIZE = 512 };

struct fatal_error {
    const char *sqlstate;
    char message[FATAL_ERROR_MESSAGE_SIZE];
    char hint[FATAL_ERROR_HINT_SIZE]; /* "" if there is none */
    bool is_for_protocol_2;           /* the client speaks a protocol older than 3.0 */
};

/** Sets SQLSTATE and message, and no hint.  The message becomes one line and is cut to fit.
    Returns false, so that a check can return it. */
bool fatal_error_set(struct fatal_error *error, const char *sqlstate, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Adds a hint to an error that was set, as one line and cut to fit. */
void fatal_error_set_hint(struct fatal_error *error, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/** Appends it as an ErrorResponse of the client's protocol. */
void fatal_error_write(const struct fatal_error *error, struct buf *out);

#endif
