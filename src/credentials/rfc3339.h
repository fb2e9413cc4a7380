/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The times that AWS writes next to credentials: RFC 3339, section 5.6. */
#ifndef DSQL_CREDENTIALS_RFC3339_H
#define DSQL_CREDENTIALS_RFC3339_H

#include "base/text.h"

/**
 * "2024-08-27T00:00:00Z", with a fraction of a second (dropped) or an offset like
 * "+02:00" if there is one.  False for anything else.
 */
bool rfc3339_parse(struct text text, int64_t *unix_s) __attribute__((warn_unused_result));

#endif
