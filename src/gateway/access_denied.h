/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The error of Aurora DSQL for everything that is wrong with a token, with the reason as the
   hint. */
#ifndef DSQL_GATEWAY_ACCESS_DENIED_H
#define DSQL_GATEWAY_ACCESS_DENIED_H

#include "session/fatal_error.h"

/** Sets 08006 "access denied" with this hint.  Returns false, so that a check can return it. */
bool access_denied(struct fatal_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
