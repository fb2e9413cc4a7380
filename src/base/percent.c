/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* RFC 3986, section 2.  Decoding never accepts %00: C strings would end there. */
#include "base/percent.h"

/* RFC 3986, section 2.3.  SigV4 requires that nothing else stays unencoded. */
static bool is_unreserved(char c)
{
    return char_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* How many characters at the start of text stay as they are. */
static size_t unreserved_prefix(struct text text)
{
    size_t len = 0;
    while (len < text.len && is_unreserved(text.data[len])) {
        len++;
    }
    return len;
}

void percent_encode(struct buf *out, struct text text)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t next = 0;
    while (next < text.len) {
        struct text rest = text_slice(text, next, text.len);
        size_t len = unreserved_prefix(rest);
        buf_add(out, rest.data, len);
        if (len < rest.len) {
            unsigned char byte = (unsigned char)rest.data[len];
            const char escape[3] = {'%', digits[byte >> 4], digits[byte & 0x0f]};
            buf_add(out, escape, sizeof escape);
            len++;
        }
        next += len;
    }
}

/* -1 when c is no hex digit. */
static int hex_value(char c)
{
    if (char_is_digit(c)) {
        return c - '0';
    }
    char lower = char_to_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool percent_decode(struct buf *out, struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != '%') {
            buf_add_char(out, text.data[i]);
            continue;
        }
        struct text escape = text_slice(text, i + 1, 2);
        if (escape.len < 2 || hex_value(escape.data[0]) < 0 || hex_value(escape.data[1]) < 0) {
            return false;
        }
        int byte = hex_value(escape.data[0]) * 16 + hex_value(escape.data[1]);
        if (byte == 0) {
            return false;
        }
        buf_add_char(out, (char)byte);
        i += 2;
    }
    return true;
}
