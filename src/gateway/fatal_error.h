/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Why a connection is not let in, in the words of Aurora DSQL.  Always FATAL. */
#ifndef DSQL_GATEWAY_FATAL_ERROR_H
#define DSQL_GATEWAY_FATAL_ERROR_H

#include "base/buf.h"

enum { REFUSAL_MESSAGE_SIZE = 256, REFUSAL_HINT_SIZE = 512 };

struct refusal {
    const char *sqlstate;
    char message[REFUSAL_MESSAGE_SIZE];
    char hint[REFUSAL_HINT_SIZE]; /* "" for none */
};

/** The message; no hint.  One line, cut to fit.  Returns false, for return refuse(...). */
bool refuse(struct refusal *refusal, const char *sqlstate, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** 08006 access denied, with this hint. */
bool refuse_access(struct refusal *refusal, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** As an ErrorResponse. */
void refusal_write(const struct refusal *refusal, struct buf *out);

#endif
