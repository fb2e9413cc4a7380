/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* base64url without padding: RFC 4648, section 5, as JSON web tokens want it (RFC 7515). */
#ifndef DSQL_BASE_BASE64_H
#define DSQL_BASE_BASE64_H

#include "base/buf.h"

/** Appends the encoded bytes. */
void base64url_encode(struct buf *out, struct text bytes);

#endif
