/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Only text_dup() allocates, and no function reads beyond the length of its text. */
#include "base/text.h"

#include "base/memory.h"

#include <string.h>

bool text_equal_nocase(struct text a, struct text b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (char_to_lower(a.data[i]) != char_to_lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

bool text_starts_with(struct text text, const char *prefix)
{
    struct text want = text_of(prefix);
    return text_equal(text_slice(text, 0, want.len), want);
}

bool text_ends_with(struct text text, const char *suffix)
{
    struct text want = text_of(suffix);
    return want.len <= text.len &&
           text_equal(text_slice(text, text.len - want.len, want.len), want);
}

/* A loop, because memmem() is not POSIX.  memchr() finds where it may begin. */
bool text_contains(struct text text, const char *needle)
{
    struct text want = text_of(needle);
    size_t start = 0;
    while (want.len > 0 && text_find(text, want.data[0], &start)) {
        text = text_slice(text, start, text.len);
        if (text_equal(text_slice(text, 0, want.len), want)) {
            return true;
        }
        text = text_slice(text, 1, text.len);
    }
    return want.len == 0;
}

bool text_find(struct text text, char c, size_t *position)
{
    const char *found = text.len == 0 ? NULL : memchr(text.data, c, text.len);
    if (found == NULL) {
        return false;
    }
    *position = (size_t)(found - text.data);
    return true;
}

struct text text_trim_start(struct text text)
{
    while (text.len > 0 && char_is_space(text.data[0])) {
        text = text_slice(text, 1, text.len);
    }
    return text;
}

struct text text_trim_end(struct text text)
{
    while (text.len > 0 && char_is_space(text.data[text.len - 1])) {
        text.len--;
    }
    return text;
}

struct text text_trim(struct text text)
{
    return text_trim_end(text_trim_start(text));
}

bool text_cut(struct text text, char c, struct text *before, struct text *after)
{
    size_t position = 0;
    if (!text_find(text, c, &position)) {
        *before = text;
        *after = text_slice(text, text.len, 0);
        return false;
    }
    *before = text_slice(text, 0, position);
    *after = text_slice(text, position + 1, text.len);
    return true;
}

bool text_next_line(struct text *rest, struct text *line)
{
    if (rest->len == 0) {
        return false;
    }
    struct text after;
    text_cut(*rest, '\n', line, &after);
    if (line->len > 0 && line->data[line->len - 1] == '\r') {
        line->len--;
    }
    *rest = after;
    return true;
}

/* No sign, no blanks, and at most 18 digits, which cannot overflow. */
bool text_to_int64(struct text text, int64_t min, int64_t max, int64_t *out)
{
    if (text.len == 0 || text.len > 18) {
        return false;
    }
    int64_t value = 0; /* 18 digits cannot overflow */
    for (size_t i = 0; i < text.len; i++) {
        if (!char_is_digit(text.data[i])) {
            return false;
        }
        value = value * 10 + (text.data[i] - '0');
    }
    if (value < min || value > max) {
        return false;
    }
    *out = value;
    return true;
}

char *text_dup(struct text text)
{
    return mem_strndup(text.data, text.len);
}

bool text_copy(struct text text, char *out, size_t out_size)
{
    if (text.len >= out_size) {
        if (out_size > 0) {
            out[0] = '\0';
        }
        return false;
    }
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    return true;
}

void text_hex(const unsigned char *data, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 0x0f];
    }
    out[2 * len] = '\0';
}

size_t text_utf8_prefix(struct text text, size_t max)
{
    if (text.len <= max) {
        return text.len;
    }
    size_t len = max;
    /* 10xxxxxx continues a character: step back to where that one began. */
    while (len > 0 && ((unsigned char)text.data[len] & 0xc0) == 0x80) {
        len--;
    }
    return len;
}
