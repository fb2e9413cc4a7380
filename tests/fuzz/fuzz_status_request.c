/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A monitor's HTTP request and its answer.  A request is complete at one place only, its path is a
 * part of it, and every answer is whole, whatever the request.
 */
#include "proxy/status_response.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum proxy_condition condition(void *arg)
{
    (void)arg;
    return PROXY_READY;
}

static void write_metrics(void *arg, struct buf *out)
{
    (void)arg;
    buf_add_string(out, "metric 1\n");
}

static void check_size(struct text bytes, const struct status_request *request)
{
    struct status_request again;
    struct text shorter = text_slice(bytes, 0, request->size - 1);
    struct text exact = text_slice(bytes, 0, request->size);
    if (request->size > bytes.len ||
        status_request_parse(shorter, &again) != STATUS_REQUEST_NEEDS_MORE ||
        status_request_parse(exact, &again) != STATUS_REQUEST_COMPLETE ||
        !text_starts_with(request->path, "/")) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct status_source source = {.condition = condition, .write_metrics = write_metrics};
    struct text bytes = text_of_bytes(data, size);
    struct status_request request;
    enum status_request_result result = status_request_parse(bytes, &request);
    if (result == STATUS_REQUEST_COMPLETE) {
        check_size(bytes, &request);
    }
    struct buf out AUTO_BUF;
    buf_init(&out, STATUS_RESPONSE_MAX);
    status_response_write(&out, &source, result, &request, request.keeps_alive, 0);
    if (!buf_ok(&out) || !text_starts_with(buf_text(&out), "HTTP/1.1 ") ||
        !text_contains(buf_text(&out), "\r\n\r\n")) {
        abort();
    }
    return 0;
}
