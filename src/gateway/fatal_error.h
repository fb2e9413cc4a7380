/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Why a connection is not let in, in the words of Aurora DSQL.  Always FATAL. */
#ifndef DSQL_GATEWAY_FATAL_ERROR_H
#define DSQL_GATEWAY_FATAL_ERROR_H

#include "base/buf.h"

enum { FATAL_ERROR_MESSAGE_SIZE = 256, FATAL_ERROR_HINT_SIZE = 512 };

struct fatal_error {
    const char *sqlstate;
    char message[FATAL_ERROR_MESSAGE_SIZE];
    char hint[FATAL_ERROR_HINT_SIZE]; /* "" for none */
};

/** The message; no hint.  One line, cut to fit.  Returns false, for return fatal_error_set(...). */
bool fatal_error_set(struct fatal_error *error, const char *sqlstate, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** 08006 access denied, with this hint. */
bool fatal_error_set_access_denied(struct fatal_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** As an ErrorResponse. */
void fatal_error_write(const struct fatal_error *error, struct buf *out);

#endif
