/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 4648: base64url without padding (section 5), as JSON web tokens want it (RFC 7515), and
 * base64 with padding (section 4), as SCRAM wants it (RFC 5802).
 */
#ifndef DSQL_BASE_BASE64_H
#define DSQL_BASE_BASE64_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/** Append the encoded bytes. */
void base64url_encode(struct buf *out, struct text bytes);
void base64_encode(struct buf *out, struct text bytes);

/**
 * Appends the decoded bytes.  Strict: the padding must be there, the bits that it leaves over must
 * be 0, and there is no white space, so that each value has one text.  False if it is not valid;
 * then some bytes may have been appended.
 */
bool base64_decode(struct buf *out, struct text text) __attribute__((warn_unused_result));

/**
 * The same into a place of a fixed size, for a salt or a key: *len is how many bytes there were.
 * False if the text is not valid or holds more than max bytes.
 */
bool base64_decode_bytes(struct text text, unsigned char *out, size_t max, size_t *len)
    __attribute__((warn_unused_result));

#endif
