/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What the status page answers: /startup, /readiness, /liveness and /metrics for GET and HEAD, and
 * errors.  With write_status it has /status too, for the commands that ask a running proxy.  A pure
 * function of the request and of what the proxy says of itself.
 */
#ifndef DSQL_PROXY_STATUS_RESPONSE_H
#define DSQL_PROXY_STATUS_RESPONSE_H

#include "base/buf.h"
#include "proxy/proxy.h"
#include "proxy/status_request.h"

#include <stdbool.h>
#include <stdint.h>

enum { STATUS_RESPONSE_MAX = 4 * 1024 * 1024 }; /* bytes: the metrics of a thousand clusters */

/** What the page is about.  They are called in the thread of the loop and must not wait. */
struct status_source {
    enum proxy_condition (*condition)(void *arg);
    void (*write_metrics)(void *arg, struct buf *out);
    void (*write_status)(void *arg, struct buf *out); /* a JSON object; NULL: there is no /status */
    void *arg;
};

/**
 * Appends the whole response.  result and request are what status_request_parse() has returned.
 * keeps_alive: whether the connection stays open after it.
 */
void status_response_write(struct buf *out, const struct status_source *source,
                           enum status_request_result result, const struct status_request *request,
                           bool keeps_alive, int64_t now_s);

#endif
