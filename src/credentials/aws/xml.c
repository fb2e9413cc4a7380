/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A cursor over the document, element by element, without a tree: the few fields wanted are
 * found by their path.  What the parser does not know (document types, CDATA, entities
 * other than the five) is an error and never skipped, so no document can be read in two
 * ways.
 */
#include "credentials/aws/xml.h"

enum { MAX_DEPTH = 16, MAX_ENTITY = 10 };

/* The texts are parts of the document, so nothing is allocated except in out. */
struct xml {
    struct text rest;
    struct text open[MAX_DEPTH]; /* names of the elements that we are in, root first */
    int depth;
    bool has_root;
    struct text path; /* of the element that is wanted */
    struct buf *out;
    int found; /* how often the wanted element occurred; a second one is an error */
};

/* ---- Small pieces ---- */

/* Takes the text before the mark, and the mark; false if there is no mark. */
static bool take_until(struct text *rest, const char *mark, struct text *before)
{
    size_t length = text_of(mark).len;
    for (size_t i = 0; i + length <= rest->len; i++) {
        if (text_equal_string(text_slice(*rest, i, length), mark)) {
            *before = text_slice(*rest, 0, i);
            *rest = text_slice(*rest, i + length, rest->len);
            return true;
        }
    }
    return false;
}

/*
 * Wider than XML 1.0, production [4a]: every byte of a UTF-8 sequence is accepted.  Names are
 * only compared with the path, so an odd one does no harm.
 */
static bool is_name_char(char c)
{
    return char_is_alnum(c) || c == '_' || c == '-' || c == '.' || c == ':' ||
           (unsigned char)c >= 0x80;
}

static struct text take_name(struct text *rest)
{
    size_t length = 0;
    while (length < rest->len && is_name_char(rest->data[length])) {
        length++;
    }
    struct text name = text_slice(*rest, 0, length);
    *rest = text_slice(*rest, length, rest->len);
    return name;
}

/* STS declares a default namespace; a prefix would not change which element is meant. */
static struct text without_prefix(struct text name)
{
    struct text prefix;
    struct text local;
    return text_cut(name, ':', &prefix, &local) ? local : name;
}

/* ---- Text ---- */

/* c is a character of XML, at most 0x10FFFF (see is_xml_char()). */
static void add_utf8(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_add_char(out, (char)c);
    } else if (c < 0x800) {
        buf_add_char(out, (char)(0xC0 | (c >> 6)));
        buf_add_char(out, (char)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        buf_add_char(out, (char)(0xE0 | (c >> 12)));
        buf_add_char(out, (char)(0x80 | ((c >> 6) & 0x3F)));
        buf_add_char(out, (char)(0x80 | (c & 0x3F)));
    } else {
        buf_add_char(out, (char)(0xF0 | (c >> 18)));
        buf_add_char(out, (char)(0x80 | ((c >> 12) & 0x3F)));
        buf_add_char(out, (char)(0x80 | ((c >> 6) & 0x3F)));
        buf_add_char(out, (char)(0x80 | (c & 0x3F)));
    }
}

/* XML 1.0, production [2]. */
static bool is_xml_char(uint32_t c)
{
    return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0xD7FF) ||
           (c >= 0xE000 && c <= 0xFFFD) || (c >= 0x10000 && c <= 0x10FFFF);
}

/* 99 is no digit in any base. */
static int digit_value(char c)
{
    char lower = char_to_lower(c);
    if (char_is_digit(c)) {
        return c - '0';
    }
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 99;
}

/*
 * After "#": "38" or "x26".  The value is checked before each digit is added, so it cannot
 * overflow.
 */
static bool decode_reference(struct text digits, struct buf *out)
{
    bool is_hex = text_starts_with(digits, "x");
    int base = is_hex ? 16 : 10;
    uint32_t value = 0;
    digits = text_slice(digits, is_hex ? 1 : 0, digits.len);
    for (size_t i = 0; i < digits.len && i < MAX_ENTITY; i++) {
        int digit = digit_value(digits.data[i]);
        if (digit >= base || value > 0x10FFFF) {
            return false;
        }
        value = value * (uint32_t)base + (uint32_t)digit;
    }
    if (text_is_empty(digits) || !is_xml_char(value)) {
        return false;
    }
    add_utf8(out, value);
    return true;
}

/* The five entities of XML 1.0, section 4.6.  Any other would need a document type. */
static bool decode_entity(struct text name, struct buf *out)
{
    static const struct {
        const char *name;
        char c;
    } entities[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    if (name.len > MAX_ENTITY) {
        return false;
    }
    if (text_starts_with(name, "#")) {
        return decode_reference(text_slice(name, 1, name.len), out);
    }
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        if (text_equal_string(name, entities[i].name)) {
            buf_add_char(out, entities[i].c);
            return true;
        }
    }
    return false;
}

static bool decode(struct text text, struct buf *out)
{
    struct text before;
    struct text name;
    while (text_cut(text, '&', &before, &text)) {
        buf_add_text(out, before);
        if (!text_cut(text, ';', &name, &text) || !decode_entity(name, out)) {
            return false;
        }
    }
    buf_add_text(out, before); /* no further '&': all of it */
    return buf_ok(out);
}

/* ---- Elements ---- */

/* True if the innermost open element is the one at the path. */
static bool is_wanted(const struct xml *xml)
{
    struct text rest = xml->path;
    struct text name;
    for (int i = 0; i < xml->depth; i++) {
        bool has_more = text_cut(rest, '/', &name, &rest);
        bool is_last = i == xml->depth - 1;
        if (!text_equal(name, without_prefix(xml->open[i])) || has_more == is_last) {
            return false;
        }
    }
    return xml->depth > 0;
}

/*
 * A second root, or a second element at the path, makes the document broken: two readers could
 * choose different ones.
 */
static bool push(struct xml *xml, struct text name)
{
    if (text_is_empty(name) || xml->depth == MAX_DEPTH || (xml->depth == 0 && xml->has_root)) {
        return false;
    }
    xml->has_root = true;
    xml->open[xml->depth++] = name;
    xml->found += is_wanted(xml) ? 1 : 0;
    return xml->found <= 1;
}

/* The end tag must match exactly, with its prefix. */
static bool pop(struct xml *xml, struct text name)
{
    if (xml->depth == 0 || !text_equal(name, xml->open[xml->depth - 1])) {
        return false;
    }
    xml->depth--;
    return true;
}

/*
 * NAME = "VALUE".  The value may contain '>', so attributes cannot simply be skipped up to the
 * next one, but it may not contain '<'.
 */
static bool skip_attribute(struct text *rest)
{
    struct text value;
    size_t position = 0;
    if (text_is_empty(take_name(rest))) {
        return false;
    }
    *rest = text_trim_start(*rest);
    if (!text_starts_with(*rest, "=")) {
        return false;
    }
    *rest = text_trim_start(text_slice(*rest, 1, rest->len));
    const char *quote = text_starts_with(*rest, "'") ? "'" : "\"";
    if (!text_starts_with(*rest, quote)) {
        return false;
    }
    *rest = text_slice(*rest, 1, rest->len);
    return take_until(rest, quote, &value) && !text_find(value, '<', &position);
}

/* After "<": the name, attributes, and ">" or "/>". */
static bool read_start_tag(struct xml *xml)
{
    struct text name = take_name(&xml->rest);
    if (xml->depth > 0 && is_wanted(xml)) {
        return false; /* an element inside the one that should be text */
    }
    for (;;) {
        xml->rest = text_trim_start(xml->rest);
        if (text_starts_with(xml->rest, ">")) {
            xml->rest = text_slice(xml->rest, 1, xml->rest.len);
            return push(xml, name);
        }
        if (text_starts_with(xml->rest, "/>")) {
            xml->rest = text_slice(xml->rest, 2, xml->rest.len);
            return push(xml, name) && pop(xml, name);
        }
        if (!skip_attribute(&xml->rest)) {
            return false;
        }
    }
}

/* After "</". */
static bool read_end_tag(struct xml *xml)
{
    struct text name;
    return take_until(&xml->rest, ">", &name) && pop(xml, text_trim_end(name));
}

/* After "<". */
static bool read_markup(struct xml *xml)
{
    struct text skipped;
    if (text_starts_with(xml->rest, "/")) {
        xml->rest = text_slice(xml->rest, 1, xml->rest.len);
        return read_end_tag(xml);
    }
    if (text_starts_with(xml->rest, "?")) { /* "<?xml ...?>", before the root only */
        return !xml->has_root && take_until(&xml->rest, "?>", &skipped);
    }
    if (text_starts_with(xml->rest, "!--")) {
        xml->rest = text_slice(xml->rest, 3, xml->rest.len);
        return take_until(&xml->rest, "-->", &skipped);
    }
    return read_start_tag(xml); /* "<!" has no name, and fails there */
}

/* Outside the root there is only white space. */
static bool read_text(struct xml *xml, struct text text)
{
    if (xml->depth == 0) {
        return text_is_empty(text_trim(text));
    }
    return is_wanted(xml) ? decode(text, xml->out) : true;
}

enum xml_result xml_find(struct text document, const char *path, struct buf *out)
{
    struct xml xml = {.rest = document, .path = text_of(path), .out = out};
    struct text before;
    size_t position = 0;
    if (text_find(document, '\0', &position)) {
        return XML_BROKEN;
    }
    if (text_starts_with(document, "\xef\xbb\xbf")) {
        xml.rest = text_slice(document, 3, document.len);
    }
    while (take_until(&xml.rest, "<", &before)) {
        if (!read_text(&xml, before) || !read_markup(&xml)) {
            return XML_BROKEN;
        }
    }
    if (!read_text(&xml, xml.rest) || xml.depth != 0 || !xml.has_root || !buf_ok(out)) {
        return XML_BROKEN;
    }
    return xml.found == 1 ? XML_FOUND : XML_ABSENT;
}
