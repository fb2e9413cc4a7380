/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/statement_identifier.h"

#include "base/buf.h"

#include <string.h>

enum { NAME_MAX_READ = 4096 }; /* bytes; what is longer than 63 is cut */

static void keep(struct text name, char out[STATEMENT_NAME_SIZE])
{
    size_t len = text_utf8_prefix(name, STATEMENT_NAME_SIZE - 1);
    memcpy(out, name.data, len);
    out[len] = '\0';
}

/* ---- Without quotes ---- */

/* scan.l: ident_start and ident_cont. */
static bool is_name_byte(char c, bool is_first)
{
    bool is_letter = (char_is_alnum(c) && !char_is_digit(c)) || c == '_' || (unsigned char)c > 127;
    return is_letter || (!is_first && (char_is_digit(c) || c == '$'));
}

static size_t read_plain(struct text sql, struct buf *name)
{
    size_t len = 0;
    while (len < sql.len && is_name_byte(sql.data[len], len == 0)) {
        buf_add_char(name, char_to_lower(sql.data[len]));
        len++;
    }
    return len;
}

/* ---- In quotes ---- */

static void add_code(struct buf *name, unsigned code)
{
    if (code < 0x80) {
        buf_add_char(name, (char)code);
        return;
    }
    if (code < 0x800) {
        buf_add_char(name, (char)(0xC0 | code >> 6));
    } else if (code < 0x10000) {
        buf_add_char(name, (char)(0xE0 | code >> 12));
        buf_add_char(name, (char)(0x80 | (code >> 6 & 0x3F)));
    } else {
        buf_add_char(name, (char)(0xF0 | code >> 18));
        buf_add_char(name, (char)(0x80 | (code >> 12 & 0x3F)));
        buf_add_char(name, (char)(0x80 | (code >> 6 & 0x3F)));
    }
    buf_add_char(name, (char)(0x80 | (code & 0x3F)));
}

static int digit_value(char c)
{
    c = char_to_lower(c);
    if (char_is_digit(c)) {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \\, \XXXX or \+XXXXXX after the backslash.  0: neither. */
static size_t read_escape(struct text sql, struct buf *name)
{
    bool is_long = !text_is_empty(sql) && sql.data[0] == '+';
    size_t start = is_long ? 1 : 0;
    size_t end = is_long ? 7 : 4;
    unsigned code = 0;
    if (!text_is_empty(sql) && sql.data[0] == '\\') {
        buf_add_char(name, '\\');
        return 1;
    }
    for (size_t i = start; i < end; i++) {
        int digit = i < sql.len ? digit_value(sql.data[i]) : -1;
        if (digit < 0) {
            return 0;
        }
        code = code * 16 + (unsigned)digit;
    }
    bool is_character = code > 0 && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
    if (is_character) {
        add_code(name, code);
    }
    return is_character ? end : 0;
}

/* From the opening quote on.  0: no end, nothing in it, or an invalid escape. */
static size_t read_quoted(struct text sql, bool has_escapes, struct buf *name)
{
    size_t at = 1;
    while (at < sql.len) {
        char c = sql.data[at++];
        bool is_doubled = c == '"' && at < sql.len && sql.data[at] == '"';
        if (c == '"' && !is_doubled) {
            return name->len > 0 ? at : 0;
        }
        if (has_escapes && c == '\\') {
            size_t len = read_escape(text_slice(sql, at, sql.len), name);
            at = len == 0 ? sql.len : at + len;
            continue;
        }
        buf_add_char(name, c);
        at += is_doubled ? 1 : 0;
    }
    return 0;
}

static bool has_uescape(struct text after)
{
    struct text rest = text_trim_start(after);
    return text_equal_nocase(text_slice(rest, 0, strlen("uescape")), text_of("uescape"));
}

static size_t read_escaped(struct text sql, struct buf *name)
{
    size_t len = read_quoted(text_slice(sql, 2, sql.len), true, name);
    return len == 0 || has_uescape(text_slice(sql, len + 2, sql.len)) ? 0 : len + 2;
}

size_t statement_identifier_read(struct text sql, char out[STATEMENT_NAME_SIZE])
{
    struct buf name AUTO_BUF;
    size_t len = 0;
    buf_init(&name, NAME_MAX_READ);
    if (text_equal_nocase(text_slice(sql, 0, 3), text_of("u&\""))) {
        len = read_escaped(sql, &name);
    } else if (!text_is_empty(sql) && sql.data[0] == '"') {
        len = read_quoted(sql, false, &name);
    } else {
        len = read_plain(sql, &name);
    }
    if (len > 0 && buf_ok(&name)) {
        keep(buf_text(&name), out);
        return len;
    }
    out[0] = '\0';
    return 0;
}
