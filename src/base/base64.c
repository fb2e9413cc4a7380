/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* base64url (RFC 4648, section 5).  Only encoding is needed: nothing here reads a web token. */
#include "base/base64.h"

enum { GROUP = 3, BITS = 6 };

/* A group of n bytes gives n + 1 characters.  Padding is left out, as RFC 7515 requires. */
static void encode_group(struct buf *out, struct text group)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    for (size_t i = 0; i < GROUP; i++) {
        bits = bits << 8 | (i < group.len ? (unsigned char)group.data[i] : 0U);
    }
    for (size_t i = 0; i <= group.len; i++) {
        buf_add_char(out, alphabet[bits >> (BITS * (GROUP - i)) & 63U]);
    }
}

void base64url_encode(struct buf *out, struct text bytes)
{
    while (!text_is_empty(bytes)) {
        encode_group(out, text_slice(bytes, 0, GROUP));
        bytes = text_slice(bytes, GROUP, bytes.len);
    }
}
