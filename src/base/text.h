/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that its owner keeps elsewhere: a start and a length, not necessarily ending in
 * NUL.  Parsers take texts apart with these functions and never with pointer
 * arithmetic of their own.  Character classes are ASCII and know no locale.  What is called for
 * each message that passes, or each byte, is inline.
 */
#ifndef DSQL_BASE_TEXT_H
#define DSQL_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text {
    const char *data;
    size_t len;
};

/** data is never NULL in a text, because memcmp() and memcpy() may not be given NULL. */
static inline struct text text_of_bytes(const void *data, size_t len)
{
    return (struct text){.data = data == NULL ? "" : (const char *)data,
                         .len = data == NULL ? 0 : len};
}

/** NULL gives the empty text. */
static inline struct text text_of(const char *string)
{
    return text_of_bytes(string, string == NULL ? 0 : strlen(string));
}

/** From offset on, at most len bytes; clipped to what there is. */
static inline struct text text_slice(struct text text, size_t offset, size_t len)
{
    size_t start = offset < text.len ? offset : text.len;
    size_t left = text.len - start;
    return (struct text){.data = text.data + start, .len = len < left ? len : left};
}

static inline bool text_is_empty(struct text text)
{
    return text.len == 0;
}

static inline bool text_equal(struct text a, struct text b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static inline bool text_equal_string(struct text a, const char *b)
{
    return text_equal(a, text_of(b));
}

bool text_equal_nocase(struct text a, struct text b);
bool text_starts_with(struct text text, const char *prefix);
bool text_ends_with(struct text text, const char *suffix);
bool text_contains(struct text text, const char *needle);
/** The position of the first c; false if there is none. */
bool text_find(struct text text, char c, size_t *position);

/** Without leading and trailing spaces, tabs, CR and LF. */
struct text text_trim(struct text text);
struct text text_trim_start(struct text text);
struct text text_trim_end(struct text text);

/**
 * Cuts at the first c: *before gets what is before it, *after what is
 * after it.  False (all in *before, *after empty) when c does not occur.
 */
bool text_cut(struct text text, char c, struct text *before, struct text *after);

/**
 * Takes the next line off *rest, without its LF or CRLF.  False at the end.
 */
bool text_next_line(struct text *rest, struct text *line);

/** A decimal number in [min, max], digits only; false otherwise. */
bool text_to_int64(struct text text, int64_t min, int64_t max, int64_t *out);

/** A NUL-terminated copy, or NULL when out of memory.  Free with mem_free(). */
char *text_dup(struct text text) __attribute__((warn_unused_result));

/** Copies into a fixed place with NUL; false (and "") when it does not fit. */
bool text_copy(struct text text, char *out, size_t out_size);

/** Space, tab, CR, LF, VT, FF.  isspace() depends on the locale and may not be given a negative
 * char. */
static inline bool char_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool char_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool char_is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static inline char char_to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline bool char_is_alnum(char c)
{
    return char_is_digit(c) || char_is_lower(char_to_lower(c));
}

static inline bool char_is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

/** Lower-case hex; out has room for 2 * len + 1 bytes. */
void text_hex(const unsigned char *data, size_t len, char *out);

/** Longest prefix of at most max bytes that does not split a UTF-8 character. */
size_t text_utf8_prefix(struct text text, size_t max);

#endif
