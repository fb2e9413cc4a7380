/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A strict subset of RFC 3986.  The fuzz target compares the host with the one that libcurl
 * finds, since a difference would send a secret to another host than the one checked.
 */
#include "http/url.h"

#include <arpa/inet.h>

enum { MAX_URL = 8192, MAX_HOST = 253, MAX_PORT = 65535, HTTP_PORT = 80, HTTPS_PORT = 443 };

/* inet_pton() reads only the usual spelling: four decimal numbers, or IPv6. */
static bool is_numeric(struct text host, int family)
{
    char name[INET6_ADDRSTRLEN];
    unsigned char bytes[sizeof(struct in6_addr)];
    return text_copy(host, name, sizeof name) && inet_pton(family, name, bytes) == 1;
}

/*
 * A backslash is refused because some parsers take it for a slash, and '#' because what follows
 * would not be sent.
 */
static bool is_plain(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c <= ' ' || c > '~' || c == '\\' || c == '#' || c == '"' || c == '<' || c == '>') {
            return false;
        }
    }
    return true;
}

/* "1", "0x7f", "017": inet_aton() reads such labels as an address or a part of one. */
static bool is_number(struct text label)
{
    bool is_hex = text_starts_with(label, "0x") || text_starts_with(label, "0X");
    struct text digits = text_slice(label, is_hex ? 2 : 0, label.len);
    for (size_t i = 0; i < digits.len; i++) {
        char c = char_to_lower(digits.data[i]);
        if (!char_is_digit(c) && !(is_hex && c >= 'a' && c <= 'f')) {
            return false;
        }
    }
    return !text_is_empty(label);
}

static bool is_label(struct text label)
{
    for (size_t i = 0; i < label.len; i++) {
        char c = label.data[i];
        if (!char_is_alnum(c) && c != '-' && c != '_') {
            return false;
        }
    }
    return !text_is_empty(label);
}

/*
 * Labels between dots.  A dot at the end is allowed, and the last label may not be a number: it
 * would be an address in a spelling that is_numeric() does not know.
 */
static bool is_name(struct text host)
{
    struct text rest = host;
    struct text label = text_of("");
    if (text_is_empty(host) || host.len > MAX_HOST) {
        return false;
    }
    while (!text_is_empty(rest)) {
        text_cut(rest, '.', &label, &rest);
        if (!is_label(label)) {
            return false;
        }
    }
    return !is_number(label);
}

/* RFC 3986, section 3.1: schemes have no case. */
static bool take_scheme(struct text *rest, struct url *out)
{
    struct text scheme;
    if (!text_cut(*rest, ':', &scheme, rest) || !text_starts_with(*rest, "//")) {
        return false;
    }
    *rest = text_slice(*rest, 2, rest->len);
    out->is_https = text_equal_nocase(scheme, text_of("https"));
    return out->is_https || text_equal_nocase(scheme, text_of("http"));
}

/* A '?' ends the authority, too: "http://a?@b" has the host a. */
static size_t authority_length(struct text rest)
{
    size_t length = 0;
    while (length < rest.len && rest.data[length] != '/' && rest.data[length] != '?') {
        length++;
    }
    return length;
}

/* An '@' is valid neither in a host nor in a port, so a URL with a user name is refused. */
static bool take_host(struct text *rest, struct url *out)
{
    size_t end = 0;
    if (text_starts_with(*rest, "[")) {
        struct text inner = text_slice(*rest, 1, rest->len);
        out->is_address = text_cut(inner, ']', &out->host, rest) && is_numeric(out->host, AF_INET6);
        return out->is_address;
    }
    if (!text_find(*rest, ':', &end)) {
        end = rest->len;
    }
    out->host = text_slice(*rest, 0, end);
    *rest = text_slice(*rest, end, rest->len);
    out->is_address = is_numeric(out->host, AF_INET);
    return out->is_address || is_name(out->host);
}

/* ":" without a number is refused, although RFC 3986 allows it. */
static bool read_port(struct text text, struct url *out)
{
    int64_t port = out->is_https ? HTTPS_PORT : HTTP_PORT;
    if (!text_is_empty(text) &&
        (!text_starts_with(text, ":") ||
         !text_to_int64(text_slice(text, 1, text.len), 1, MAX_PORT, &port))) {
        return false;
    }
    out->port = (int)port;
    return true;
}

bool url_parse(struct text text, struct url *out)
{
    struct text rest = text;
    *out = (struct url){0};
    if (text.len > MAX_URL || !is_plain(text) || !take_scheme(&rest, out)) {
        return false;
    }
    size_t length = authority_length(rest);
    struct text authority = text_slice(rest, 0, length);
    out->path = text_slice(rest, length, rest.len);
    return take_host(&authority, out) && read_port(authority, out);
}
