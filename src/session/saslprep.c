/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "session/saslprep.h"

#include "base/memory.h"
#include "base/secret.h"
#include "session/nfkc.h"
#include "session/saslprep_tables.h"

/* A text as code points; wiped when it is freed. */
struct codes {
    uint32_t *items;
    size_t count;
    size_t capacity;
};

static bool codes_init(struct codes *codes, size_t capacity)
{
    *codes = (struct codes){.items = mem_new_array(capacity, sizeof(uint32_t))};
    codes->capacity = codes->items == NULL ? 0 : capacity;
    return codes->items != NULL;
}

static void codes_clear(struct codes *codes)
{
    if (codes->items != NULL) {
        secret_wipe(codes->items, codes->capacity * sizeof(uint32_t));
    }
    mem_free(codes->items);
}

/* ---- UTF-8 ---- */

/* How many bytes the character has that begins with this one; 0: none does. */
static size_t utf8_length(unsigned char first)
{
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xC2 && first < 0xE0) {
        return 2;
    }
    if (first >= 0xE0 && first < 0xF0) {
        return 3;
    }
    return first >= 0xF0 && first < 0xF5 ? 4 : 0;
}

/* RFC 3629: neither surrogates, nor more than 0x10FFFF, nor more bytes than are needed. */
static bool is_canonical(uint32_t code, size_t len)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    return code >= least[len] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
}

/* The length of the character at the beginning; 0: not UTF-8. */
static size_t utf8_decode(struct text text, uint32_t *code)
{
    static const unsigned char first_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    size_t len = utf8_length((unsigned char)text.data[0]);
    if (len == 0 || len > text.len) {
        return 0;
    }
    *code = (unsigned char)text.data[0] & first_bits[len];
    for (size_t i = 1; i < len; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if ((byte & 0xC0) != 0x80) {
            return 0;
        }
        *code = *code << 6 | (byte & 0x3FU);
    }
    return is_canonical(*code, len) ? len : 0;
}

static void utf8_encode(uint32_t code, struct buf *out)
{
    if (code < 0x80) {
        buf_add_char(out, (char)code);
        return;
    }
    if (code < 0x800) {
        buf_add_char(out, (char)(0xC0 | code >> 6));
    } else if (code < 0x10000) {
        buf_add_char(out, (char)(0xE0 | code >> 12));
        buf_add_char(out, (char)(0x80 | (code >> 6 & 0x3F)));
    } else {
        buf_add_char(out, (char)(0xF0 | code >> 18));
        buf_add_char(out, (char)(0x80 | (code >> 12 & 0x3F)));
        buf_add_char(out, (char)(0x80 | (code >> 6 & 0x3F)));
    }
    buf_add_char(out, (char)(0x80 | (code & 0x3F)));
}

/* ---- RFC 4013, section 2 ---- */

static bool is_in(uint32_t code, const struct saslprep_range *ranges, size_t count)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (code < ranges[middle].first) {
            high = middle;
        } else if (code > ranges[middle].last) {
            low = middle + 1;
        } else {
            return true;
        }
    }
    return false;
}

static bool has_any(const struct codes *codes, const struct saslprep_range *ranges, size_t count)
{
    for (size_t i = 0; i < codes->count; i++) {
        if (is_in(codes->items[i], ranges, count)) {
            return true;
        }
    }
    return false;
}

/* 2.1.  A zero width space is in both tables; PostgreSQL makes a space of it.  False: not UTF-8. */
static bool map(struct text password, struct codes *out)
{
    while (!text_is_empty(password)) {
        uint32_t code = 0;
        size_t len = utf8_decode(password, &code);
        if (len == 0) {
            return false;
        }
        if (is_in(code, saslprep_spaces, saslprep_spaces_count)) {
            out->items[out->count++] = ' ';
        } else if (!is_in(code, saslprep_nothing, saslprep_nothing_count)) {
            out->items[out->count++] = code;
        }
        password = text_slice(password, len, password.len);
    }
    return true;
}

static bool is_right_to_left(uint32_t code)
{
    return is_in(code, saslprep_right_to_left, saslprep_right_to_left_count);
}

/* RFC 3454, section 6. */
static bool has_valid_direction(const struct codes *codes)
{
    if (!has_any(codes, saslprep_right_to_left, saslprep_right_to_left_count)) {
        return true;
    }
    return !has_any(codes, saslprep_left_to_right, saslprep_left_to_right_count) &&
           is_right_to_left(codes->items[0]) && is_right_to_left(codes->items[codes->count - 1]);
}

static bool is_allowed(const struct codes *codes)
{
    return codes->count > 0 && !has_any(codes, saslprep_prohibited, saslprep_prohibited_count) &&
           has_valid_direction(codes);
}

static void write_normalized(const struct codes *codes, struct buf *out)
{
    struct codes normal;
    if (!codes_init(&normal, nfkc_size(codes->items, codes->count))) {
        out->is_broken = true;
        return;
    }
    normal.count = nfkc(codes->items, codes->count, normal.items);
    for (size_t i = 0; i < normal.count; i++) {
        utf8_encode(normal.items[i], out);
    }
    codes_clear(&normal);
}

/* PostgreSQL: control characters alone do not matter. */
static bool is_ascii(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.data[i] > 0x7F) {
            return false;
        }
    }
    return true;
}

void saslprep(struct text password, struct buf *out)
{
    struct codes mapped;
    if (is_ascii(password)) {
        buf_add_text(out, password);
        return;
    }
    if (!codes_init(&mapped, password.len)) {
        out->is_broken = true;
        return;
    }
    if (map(password, &mapped) && is_allowed(&mapped)) {
        write_normalized(&mapped, out);
    } else {
        buf_add_text(out, password);
    }
    codes_clear(&mapped);
}
