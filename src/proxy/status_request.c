/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict where programs in front of this one could read a request differently: no folded lines, no
 * space before a colon, no control characters.  A line may end with LF alone (RFC 9112, 2.2).
 */
#include "proxy/status_request.h"

struct head {
    struct status_request *request;
    bool is_http_1_1;
    bool has_host;
    bool has_close;
    bool has_keep_alive;
};

/* RFC 9110, 5.6.2. */
static bool is_token(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        size_t place = 0;
        if (!char_is_alnum(text.data[i]) &&
            !text_find(text_of("!#$%&'*+-.^_`|~"), text.data[i], &place)) {
            return false;
        }
    }
    return text.len > 0;
}

/* The tab is allowed in the value of a field; other control characters nowhere. */
static bool has_control(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (char_is_control(text.data[i]) && text.data[i] != '\t') {
            return true;
        }
    }
    return false;
}

static bool has_blank(struct text text)
{
    size_t place = 0;
    return text_find(text, ' ', &place) || text_find(text, '\t', &place);
}

static enum status_method read_method(struct text method)
{
    if (text_equal_string(method, "GET")) {
        return STATUS_GET;
    }
    return text_equal_string(method, "HEAD") ? STATUS_HEAD : STATUS_OTHER;
}

/* The path of "/metrics?x=1"; the other forms of a target are for proxies. */
static bool read_target(struct text target, struct text *path)
{
    struct text query;
    if (!text_starts_with(target, "/") || has_blank(target)) {
        return false;
    }
    text_cut(target, '?', path, &query);
    return true;
}

static enum status_request_result read_request_line(struct head *head, struct text line)
{
    struct text method;
    struct text target;
    struct text version;
    if (!text_cut(line, ' ', &method, &line) || !text_cut(line, ' ', &target, &version) ||
        !is_token(method) || !read_target(target, &head->request->path)) {
        return STATUS_REQUEST_MALFORMED;
    }
    if (!text_starts_with(version, "HTTP/")) {
        return STATUS_REQUEST_MALFORMED;
    }
    head->is_http_1_1 = text_equal_string(version, "HTTP/1.1");
    if (!head->is_http_1_1 && !text_equal_string(version, "HTTP/1.0")) {
        return STATUS_REQUEST_UNSUPPORTED;
    }
    head->request->method = read_method(method);
    return STATUS_REQUEST_COMPLETE;
}

/* "close" and "keep-alive" among the words of a Connection field. */
static void read_connection(struct head *head, struct text value)
{
    bool has_more = true;
    while (has_more) {
        struct text word;
        has_more = text_cut(value, ',', &word, &value);
        word = text_trim(word);
        head->has_close = head->has_close || text_equal_nocase(word, text_of("close"));
        head->has_keep_alive =
            head->has_keep_alive || text_equal_nocase(word, text_of("keep-alive"));
    }
}

static bool read_field(struct head *head, struct text line)
{
    struct text name;
    struct text value;
    if (!text_cut(line, ':', &name, &value) || !is_token(name)) {
        return false;
    }
    value = text_trim(value);
    if (text_equal_nocase(name, text_of("Host"))) {
        bool is_first = !head->has_host;
        head->has_host = true;
        return is_first;
    }
    if (text_equal_nocase(name, text_of("Connection"))) {
        read_connection(head, value);
    }
    if (text_equal_nocase(name, text_of("Transfer-Encoding")) ||
        (text_equal_nocase(name, text_of("Content-Length")) && !text_equal_string(value, "0"))) {
        head->request->has_body = true;
    }
    return true;
}

/* Up to the empty line. */
static enum status_request_result read_fields(struct head *head, struct text *rest)
{
    struct text line;
    while (text_next_line(rest, &line) && !text_is_empty(line)) {
        if (has_control(line) || !read_field(head, line)) {
            return STATUS_REQUEST_MALFORMED;
        }
    }
    return head->is_http_1_1 && !head->has_host ? STATUS_REQUEST_MALFORMED
                                                : STATUS_REQUEST_COMPLETE;
}

/* The length of the head, with its empty line; 0 if that has not come. */
static size_t head_size(struct text bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        struct text next = text_slice(bytes, i, 3);
        if (next.data[0] != '\n') {
            continue;
        }
        if (text_starts_with(next, "\n\n")) {
            return i + 2;
        }
        if (text_starts_with(next, "\n\r\n")) {
            return i + 3;
        }
    }
    return 0;
}

enum status_request_result status_request_parse(struct text bytes, struct status_request *out)
{
    struct head head = {.request = out};
    *out = (struct status_request){.method = STATUS_OTHER};
    size_t size = head_size(text_slice(bytes, 0, STATUS_REQUEST_MAX));
    if (size == 0) {
        return bytes.len >= STATUS_REQUEST_MAX ? STATUS_REQUEST_TOO_LONG
                                               : STATUS_REQUEST_NEEDS_MORE;
    }
    struct text rest = text_slice(bytes, 0, size);
    struct text line = text_of("");
    text_next_line(&rest, &line);
    enum status_request_result result =
        has_control(line) ? STATUS_REQUEST_MALFORMED : read_request_line(&head, line);
    if (result == STATUS_REQUEST_COMPLETE) {
        result = read_fields(&head, &rest);
    }
    out->size = size;
    out->keeps_alive = !head.has_close && (head.is_http_1_1 || head.has_keep_alive);
    return result;
}
