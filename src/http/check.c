/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks a request before any sender gets it.  A token that was read from a file becomes the
 * value of a header: with a line break in it, it would begin a header of its own.
 */
#include "http/check.h"

#include "base/error.h"
#include "http/url.h"

#include <arpa/inet.h>

static bool is_method(const char *method)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "HEAD"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (text_equal_string(text_of(method), methods[i])) {
            return true;
        }
    }
    return false;
}

/* Lower case only, so that names can be compared exactly (RFC 9110, section 5.1). */
static bool is_header_name(struct text name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        if (!char_is_lower(c) && !char_is_digit(c) && c != '-' && c != '_') {
            return false;
        }
    }
    return !text_is_empty(name);
}

/* Printable ASCII. RFC 9110, section 5.5 allows more, but no header here needs it. */
static bool is_header_value(struct text value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < ' ' || value.data[i] > '~') {
            return false;
        }
    }
    return true;
}

/* A name is not accepted: it would be resolved again, after it was checked. */
static bool is_numeric(struct text address)
{
    char name[HTTP_ADDRESS_SIZE];
    unsigned char bytes[sizeof(struct in6_addr)];
    return text_copy(address, name, sizeof name) &&
           (inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1);
}

/* An empty element ("a,,b") is not an address. */
static bool are_addresses(struct text list)
{
    struct text rest = list;
    struct text one;
    bool is_more = true;
    while (is_more) {
        is_more = text_cut(rest, ',', &one, &rest);
        if (!is_numeric(one)) {
            return false;
        }
    }
    return true;
}

/* The message names the header and never its value. */
static dsql_status check_headers(const struct http_request *request, dsql_error *err)
{
    if (request->header_count > HTTP_MAX_HEADERS) {
        return fail(err, DSQL_ERR_USAGE, "more than %d headers in a request", HTTP_MAX_HEADERS);
    }
    for (size_t i = 0; i < request->header_count; i++) {
        if (!is_header_name(text_of(request->headers[i].name))) {
            return fail(err, DSQL_ERR_USAGE, "the name of a header is not allowed");
        }
        if (!is_header_value(text_of(request->headers[i].value))) {
            return fail(err, DSQL_ERR_USAGE,
                        "the value of the header \"%s\" contains a line break or another control "
                        "character",
                        request->headers[i].name);
        }
    }
    return DSQL_OK;
}

/* A request to a public host without TLS is refused here, in one place for all callers. */
dsql_status http_check(const struct http_request *request, dsql_error *err)
{
    struct url url;
    if (!is_method(request->method)) {
        return fail(err, DSQL_ERR_USAGE, "the method of a request is not allowed");
    }
    if (!url_parse(text_of(request->url), &url)) {
        return fail(err, DSQL_ERR_USAGE,
                    "a URL must be http://HOST or https://HOST, with an optional port and path, "
                    "and without a user name");
    }
    if (request->reach == HTTP_PUBLIC && !url.is_https) {
        return fail(err, DSQL_ERR_USAGE, "the request to %.*s would not be encrypted; use https",
                    (int)url.host.len, url.host.data);
    }
    if (request->address != NULL && !are_addresses(text_of(request->address))) {
        return fail(err, DSQL_ERR_USAGE, "the address given for %.*s is not an IP address",
                    (int)url.host.len, url.host.data);
    }
    if (request->connect_timeout_ms <= 0 || request->timeout_ms <= 0) {
        return fail(err, DSQL_ERR_USAGE, "a request needs both timeouts");
    }
    return check_headers(request, err);
}
