/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Percent-encoding: RFC 3986 section 2, with the strictness that SigV4 requires. */
#ifndef DSQL_BASE_PERCENT_H
#define DSQL_BASE_PERCENT_H

#include "base/buf.h"
#include "base/text.h"

#include <stdbool.h>

/** Appends text with every byte but A-Z a-z 0-9 - . _ ~ as %XX, upper-case hex. */
void percent_encode(struct buf *out, struct text text);

/**
 * Appends the decoded text.  False: a % without two hex digits after it, or a
 * decoded NUL, which no C string survives.  '+' stays '+'.
 */
bool percent_decode(struct buf *out, struct text text) __attribute__((warn_unused_result));

#endif
