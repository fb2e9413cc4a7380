/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Collects a response and makes libcurl stop as soon as a limit is passed, before the memory is
 * used.  This file does not know libcurl, so the tests can give it any pieces.
 */
#include "http/answer.h"

void answer_init(struct answer *answer, struct http_response *response)
{
    *answer = (struct answer){.response = response};
}

/* "HTTP/1.1 100 Continue": another set of headers will follow. */
static void begin_headers(struct answer *answer, struct text line)
{
    struct text version;
    struct text status;
    text_cut(line, ' ', &version, &status);
    answer->is_interim = text_starts_with(status, "1");
    answer->has_headers = false;
}

/* The fields of an interim response are not those of the response. */
static void keep_field(struct answer *answer, struct text line)
{
    struct text name;
    struct text value;
    if (!answer->is_interim && text_cut(line, ':', &name, &value)) {
        http_response_field(answer->response, text_trim(name), value);
    }
}

/* Lines are counted over all sets of headers, so a flood of interim responses ends as well. */
bool answer_header(struct answer *answer, struct text line)
{
    answer->header_lines++;
    answer->header_bytes += line.len;
    if (answer->header_lines > ANSWER_MAX_HEADER_LINES ||
        answer->header_bytes > ANSWER_MAX_HEADER_BYTES) {
        answer->is_too_big = true;
        return false;
    }
    struct text content = text_trim(line);
    if (text_starts_with(content, "HTTP/")) {
        begin_headers(answer, content);
    } else if (text_is_empty(content)) {
        answer->has_headers = !answer->is_interim;
    } else {
        keep_field(answer, content);
    }
    return true;
}

/* is_too_big tells a response that is too large from a lack of memory. */
bool answer_body(struct answer *answer, struct text piece)
{
    struct buf *body = &answer->response->body;
    answer->is_too_big = piece.len > body->max - body->len;
    buf_add_text(body, piece);
    return buf_ok(body);
}
