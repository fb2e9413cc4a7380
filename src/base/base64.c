/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The two alphabets of RFC 4648, sections 4 and 5.  Nothing here reads a web token. */
#include "base/base64.h"

#include <string.h>

enum { GROUP = 3, BITS = 6, ENCODED_GROUP = 4 };

#define ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* A group of n bytes gives n + 1 characters. */
static void encode_group(struct buf *out, struct text group, const char *alphabet)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < GROUP; i++) {
        bits = bits << 8 | (i < group.len ? (unsigned char)group.data[i] : 0U);
    }
    for (size_t i = 0; i <= group.len; i++) {
        buf_add_char(out, alphabet[bits >> (BITS * (GROUP - i)) & 63U]);
    }
}

/* Padding is left out, as RFC 7515 requires. */
void base64url_encode(struct buf *out, struct text bytes)
{
    while (!text_is_empty(bytes)) {
        encode_group(out, text_slice(bytes, 0, GROUP), ALPHABET "-_");
        bytes = text_slice(bytes, GROUP, bytes.len);
    }
}

void base64_encode(struct buf *out, struct text bytes)
{
    while (!text_is_empty(bytes)) {
        struct text group = text_slice(bytes, 0, GROUP);
        encode_group(out, group, ALPHABET "+/");
        for (size_t i = group.len; i < GROUP; i++) {
            buf_add_char(out, '=');
        }
        bytes = text_slice(bytes, GROUP, bytes.len);
    }
}

/* False: not a character of the alphabet. */
static bool decode_digit(char c, uint32_t *bits)
{
    size_t digit = 0;
    if (!text_find(text_of(ALPHABET "+/"), c, &digit)) {
        return false;
    }
    *bits = *bits << BITS | (uint32_t)digit;
    return true;
}

/* Four characters, of which the last one or two may be padding in the last group. */
static bool decode_group(struct buf *out, struct text group, bool is_last)
{
    size_t padding = 0;
    while (is_last && padding < 2 && group.data[ENCODED_GROUP - 1 - padding] == '=') {
        padding++;
    }
    uint32_t bits = 0;
    for (size_t i = 0; i < ENCODED_GROUP - padding; i++) {
        if (!decode_digit(group.data[i], &bits)) {
            return false;
        }
    }
    bits <<= BITS * padding;
    for (size_t i = 0; i < GROUP - padding; i++) {
        buf_add_char(out, (char)(bits >> 8 * (GROUP - 1 - i) & 0xFFU));
    }
    return (bits & ((1U << 8 * padding) - 1)) == 0;
}

bool base64_decode(struct buf *out, struct text text)
{
    while (text.len >= ENCODED_GROUP) {
        if (!decode_group(out, text_slice(text, 0, ENCODED_GROUP), text.len == ENCODED_GROUP)) {
            return false;
        }
        text = text_slice(text, ENCODED_GROUP, text.len);
    }
    return text_is_empty(text);
}

/* The buffer is a secret one, since a key may be in it. */
bool base64_decode_bytes(struct text text, unsigned char *out, size_t max, size_t *len)
{
    struct buf bytes AUTO_BUF;
    buf_init_secret(&bytes, max);
    if (!base64_decode(&bytes, text) || !buf_ok(&bytes)) {
        return false;
    }
    if (bytes.len > 0) {
        memcpy(out, bytes.data, bytes.len);
    }
    *len = bytes.len;
    return true;
}
