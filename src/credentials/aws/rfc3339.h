/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The times that AWS writes next to credentials: RFC 3339, section 5.6. */
#ifndef DSQL_CREDENTIALS_RFC3339_H
#define DSQL_CREDENTIALS_RFC3339_H

#include "base/text.h"

enum { RFC3339_SIZE = 21 }; /* with the NUL */

/**
 * Reads "2024-08-27T00:00:00Z", optionally with a fraction of a second (dropped) or with an
 * offset like "+02:00" instead of the "Z". unix_s is in seconds.  False for anything else.
 */
bool rfc3339_parse(struct text text, int64_t *unix_s) __attribute__((warn_unused_result));

/** The reverse, "2024-08-27T00:00:00Z".  False: year not 1970..9999. */
bool rfc3339_format(int64_t unix_s, char out[RFC3339_SIZE]) __attribute__((warn_unused_result));

#endif
