/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads one HTTP/1 request of a monitor: RFC 9112.  Only what the status page needs: the method,
 * the path, and whether the connection stays.  A request with a body is read up to its head.  A
 * pure function on bytes.
 */
#ifndef DSQL_PROXY_STATUS_REQUEST_H
#define DSQL_PROXY_STATUS_REQUEST_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

enum { STATUS_REQUEST_MAX = 8192 }; /* bytes of a head */

enum status_request_result {
    STATUS_REQUEST_COMPLETE,
    STATUS_REQUEST_NEEDS_MORE,
    STATUS_REQUEST_TOO_LONG,   /* 431 */
    STATUS_REQUEST_MALFORMED,  /* 400 */
    STATUS_REQUEST_UNSUPPORTED /* 505: neither HTTP/1.0 nor HTTP/1.1 */
};

enum status_method { STATUS_GET, STATUS_HEAD, STATUS_OTHER };

struct status_request {
    enum status_method method;
    struct text path; /* without the query; points into the bytes */
    bool keeps_alive; /* the client wants to send another request */
    bool has_body;    /* which is not part of size; close the connection after the answer */
    size_t size;      /* of the head, in bytes */
};

/** *out is set for STATUS_REQUEST_COMPLETE. */
enum status_request_result status_request_parse(struct text bytes, struct status_request *out);

#endif
