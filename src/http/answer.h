/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer as it comes in, line by line and piece by piece, and where it becomes too
 * much.  Interim answers (1xx) count as well, so that a flood of them ends too.
 */
#ifndef DSQL_HTTP_ANSWER_H
#define DSQL_HTTP_ANSWER_H

#include "http/http.h"

enum { ANSWER_MAX_HEADER_LINES = 128, ANSWER_MAX_HEADER_BYTES = 64 * 1024 };

struct answer {
    struct http_response *response;
    int header_lines;
    size_t header_bytes;
    bool has_headers; /* all of them, up to the empty line, and they are final */
    bool is_interim;  /* the headers now coming are of a 1xx */
    bool is_too_big;
};

void answer_init(struct answer *answer, struct http_response *response);

/** One header line with its line end, the status line included.  False: stop, it is too much. */
bool answer_header(struct answer *answer, struct text line) __attribute__((warn_unused_result));

/** A piece of the body.  False: stop, it is too much, or there is no memory. */
bool answer_body(struct answer *answer, struct text piece) __attribute__((warn_unused_result));

#endif
