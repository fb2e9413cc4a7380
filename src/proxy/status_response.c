/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages are those of probes in Kubernetes.  /liveness is that the loop answers; /startup is
 * that the clusters had their first token; /readiness ends when the proxy begins to drain, so that
 * no new clients are sent to it.  None of them connects to a cluster: a probe every second must
 * not cost connections, nor restart a proxy because a cluster is away.
 */
#include "proxy/status_response.h"

#include "proxy/metrics.h"

#include <stdio.h>
#include <time.h>

struct answer {
    int status;
    const char *reason;
    const char *type;
    struct buf body;
};

#define PLAIN "text/plain; charset=utf-8"

static void set_answer(struct answer *answer, int status, const char *reason, const char *body)
{
    answer->status = status;
    answer->reason = reason;
    answer->type = PLAIN;
    buf_add_string(&answer->body, body);
    buf_add_char(&answer->body, '\n');
}

static void answer_probe(struct answer *answer, bool is_fine, const char *words)
{
    set_answer(answer, is_fine ? 200 : 503, is_fine ? "OK" : "Service Unavailable", words);
}

static const char *condition_words(enum proxy_condition condition)
{
    switch (condition) {
    case PROXY_STARTING:
        return "starting: a cluster has no token yet";
    case PROXY_READY:
        return "ready";
    case PROXY_DRAINING:
        break;
    }
    return "draining: the proxy is being stopped";
}

static void answer_path(struct answer *answer, const struct status_source *source, struct text path)
{
    enum proxy_condition condition = source->condition(source->arg);
    if (text_equal_string(path, "/liveness")) {
        answer_probe(answer, true, "alive");
    } else if (text_equal_string(path, "/startup")) {
        answer_probe(answer, condition != PROXY_STARTING, condition_words(condition));
    } else if (text_equal_string(path, "/readiness")) {
        answer_probe(answer, condition == PROXY_READY, condition_words(condition));
    } else if (text_equal_string(path, "/metrics")) {
        answer->status = 200;
        answer->reason = "OK";
        answer->type = METRICS_CONTENT_TYPE;
        source->write_metrics(source->arg, &answer->body);
    } else if (text_equal_string(path, "/status") && source->write_status != NULL) {
        answer->status = 200;
        answer->reason = "OK";
        answer->type = "application/json";
        source->write_status(source->arg, &answer->body);
    } else {
        set_answer(answer, 404, "Not Found",
                   "not found; see /startup, /readiness, /liveness and /metrics");
    }
}

static void choose_answer(struct answer *answer, const struct status_source *source,
                          enum status_request_result result, const struct status_request *request)
{
    switch (result) {
    case STATUS_REQUEST_TOO_LONG:
        set_answer(answer, 431, "Request Header Fields Too Large", "the request is too long");
        return;
    case STATUS_REQUEST_UNSUPPORTED:
        set_answer(answer, 505, "HTTP Version Not Supported", "use HTTP/1.1");
        return;
    case STATUS_REQUEST_MALFORMED:
    case STATUS_REQUEST_NEEDS_MORE:
        set_answer(answer, 400, "Bad Request", "invalid HTTP request");
        return;
    case STATUS_REQUEST_COMPLETE:
        break;
    }
    if (request->method == STATUS_OTHER) {
        set_answer(answer, 405, "Method Not Allowed", "use GET or HEAD");
        return;
    }
    answer_path(answer, source, request->path);
}

/* RFC 9110, 5.6.7.  Not with strftime(), whose names depend on the locale. */
static void add_date(struct buf *out, int64_t now_s)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm utc;
    time_t now = (time_t)now_s;
    if (gmtime_r(&now, &utc) != NULL) {
        buf_printf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[utc.tm_wday],
                   utc.tm_mday, months[utc.tm_mon], 1900 + utc.tm_year, utc.tm_hour, utc.tm_min,
                   utc.tm_sec);
    }
}

void status_response_write(struct buf *out, const struct status_source *source,
                           enum status_request_result result, const struct status_request *request,
                           bool keeps_alive, int64_t now_s)
{
    struct answer answer = {.status = 0};
    buf_init(&answer.body, STATUS_RESPONSE_MAX);
    choose_answer(&answer, source, result, request);
    if (!buf_ok(&answer.body)) {
        buf_reset(&answer.body);
        set_answer(&answer, 500, "Internal Server Error", "out of memory");
    }
    buf_printf(out, "HTTP/1.1 %d %s\r\n", answer.status, answer.reason);
    add_date(out, now_s);
    buf_printf(out, "Content-Type: %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n",
               answer.type, answer.body.len);
    if (answer.status == 405) {
        buf_add_string(out, "Allow: GET, HEAD\r\n");
    }
    buf_printf(out, "Connection: %s\r\n\r\n", keeps_alive ? "keep-alive" : "close");
    bool is_head = result == STATUS_REQUEST_COMPLETE && request->method == STATUS_HEAD;
    buf_add_text(out, is_head ? text_of("") : buf_text(&answer.body));
    buf_clear(&answer.body);
}
