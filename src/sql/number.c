/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules are those of PostgreSQL 16's scanner (scan.l: decinteger, hexinteger, octinteger,
 * bininteger, numeric, real): an underscore stands before a digit and after another digit or the
 * prefix.
 */
#include "sql/number.h"

#include "base/text.h"

#include <string.h>

/* What is left to read. */
struct cursor {
    struct text rest;
};

static char peek(const struct cursor *cursor)
{
    return text_is_empty(cursor->rest) ? '\0' : cursor->rest.data[0];
}

static char take(struct cursor *cursor)
{
    char c = peek(cursor);
    cursor->rest = text_slice(cursor->rest, 1, cursor->rest.len);
    return c;
}

/* The value of a digit; -1 if the base does not have it. */
static int digit_value(char c, int base)
{
    char lower = char_to_lower(c);
    int value = -1;
    if (char_is_digit(c)) {
        value = c - '0';
    } else if (lower >= 'a' && lower <= 'f') {
        value = lower - 'a' + 10;
    }
    return value < base ? value : -1;
}

/* ---- Other bases ---- */

static int base_of(char prefix)
{
    switch (char_to_lower(prefix)) {
    case 'x':
        return 16;
    case 'o':
        return 8;
    case 'b':
        return 2;
    default:
        return 0;
    }
}

/* number: decimal digits, the last one is the last.  False: it would have one more. */
static bool multiply_and_add(char *number, size_t len, int base, int digit)
{
    int carry = digit;
    for (size_t i = len; i > 0; i--) {
        int value = (number[i - 1] - '0') * base + carry;
        number[i - 1] = (char)('0' + value % 10);
        carry = value / 10;
    }
    return carry == 0;
}

static bool convert(struct cursor *cursor, int base, char *out, size_t len)
{
    memset(out, '0', len);
    do {
        if (peek(cursor) == '_') {
            (void)take(cursor);
        }
        int digit = digit_value(take(cursor), base);
        if (digit < 0 || !multiply_and_add(out, len, base, digit)) {
            return false;
        }
    } while (!text_is_empty(cursor->rest));
    return true;
}

/* ---- Decimal numbers ---- */

/* digit ( _? digit )*; the digits are added to out. */
static bool take_integer(struct cursor *cursor, char *out, size_t *count)
{
    if (!char_is_digit(peek(cursor))) {
        return false;
    }
    do {
        if (peek(cursor) == '_') {
            (void)take(cursor);
        }
        if (!char_is_digit(peek(cursor))) {
            return false;
        }
        out[(*count)++] = take(cursor);
    } while (char_is_digit(peek(cursor)) || peek(cursor) == '_');
    return true;
}

static bool take_exponent(struct cursor *cursor, char *out, size_t *count)
{
    out[(*count)++] = take(cursor);
    if (peek(cursor) == '+' || peek(cursor) == '-') {
        out[(*count)++] = take(cursor);
    }
    return take_integer(cursor, out, count);
}

static bool take_fraction(struct cursor *cursor, bool has_integer, char *out, size_t *count)
{
    out[(*count)++] = take(cursor);
    return (has_integer && !char_is_digit(peek(cursor))) || take_integer(cursor, out, count);
}

/* The number without its underscores, and how long that is; 0: it is no number. */
static size_t without_underscores(struct cursor *cursor, char *out)
{
    size_t count = 0;
    bool has_integer = peek(cursor) != '.';
    bool is_number = !has_integer || take_integer(cursor, out, &count);
    if (is_number && peek(cursor) == '.') {
        is_number = take_fraction(cursor, has_integer, out, &count);
    }
    if (is_number && char_to_lower(peek(cursor)) == 'e') {
        is_number = take_exponent(cursor, out, &count);
    }
    return is_number && text_is_empty(cursor->rest) ? count : 0;
}

bool sql_number_rewrite(char *literal, size_t len)
{
    char out[SQL_NUMBER_MAX];
    if (len < 2 || len > SQL_NUMBER_MAX) {
        return false;
    }
    struct cursor cursor = {.rest = text_of_bytes(literal, len)};
    int base = literal[0] == '0' ? base_of(literal[1]) : 0;
    if (base != 0) {
        cursor.rest = text_slice(cursor.rest, 2, len);
        if (!convert(&cursor, base, out, len)) {
            return false;
        }
        memcpy(literal, out, len);
        return true;
    }
    size_t count = without_underscores(&cursor, out);
    if (count == 0 || count == len) {
        return false;
    }
    memset(literal, '0', len - count);
    memcpy(literal + len - count, out, count);
    return true;
}
