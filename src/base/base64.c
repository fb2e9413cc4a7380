/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See base64.h. */
#include "base/base64.h"

enum { GROUP = 3, BITS = 6 };

/* Up to three bytes become one character more than they are. */
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
